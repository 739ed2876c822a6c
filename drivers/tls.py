"""TLS for any wire: how contexts are built, how a socket is connected with one, and what its errors mean to a person."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.link import LinkError

_UNTRUSTED = {2, 18, 19, 20, 21}
_EXPIRED, _NOT_YET_VALID = 10, 9
_WRONG_NAME = {62, 64}
"""Verify codes of OpenSSL (x509_vfy.h)."""

_NO_TLS = "the peer does not speak TLS on this port; remedy: endpoint"
_CUT_OFF = "the peer ended the TLS handshake; remedy: look whether it speaks TLS on this port"

_REMEDY_OF_REASON = {
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "UNEXPECTED_EOF_WHILE_READING": _CUT_OFF,
    "CERTIFICATE_REQUIRED": "the peer wants a certificate of ours; remedy: tls.certificate_file and tls.key_file",
    "HANDSHAKE_FAILURE": "the peer refuses the handshake, often for want of a certificate of ours; remedy: tls.certificate_file",
    "UNKNOWN_CA": "the peer does not trust our certificate; remedy: tls.certificate_file, signed by the peer's CA",
    "BAD_CERTIFICATE": "the peer refuses our certificate; remedy: tls.certificate_file",
    "CERTIFICATE_EXPIRED": "our certificate has expired; remedy: a new tls.certificate_file",
    "CERTIFICATE_REVOKED": "our certificate was revoked; remedy: a new tls.certificate_file",
    "PROTOCOL_VERSION": "the peer is older than TLS 1.2; remedy: renew its software",
    "UNSUPPORTED_PROTOCOL": "the peer is older than TLS 1.2; remedy: renew its software",
}
"""By the end of OpenSSL's reason, which begins with the version of the alert."""


def client_context(
    ca_file: Path, certificate_file: Path | None = None, key_file: Path | None = None, *, place: str = "tls"
) -> ssl.SSLContext:
    """Build the context of a client: TLS 1.2 or newer, the peer's certificate and name are checked against `ca_file` alone.

    With a certificate and its key (PEM, not encrypted) the peer can check us too. `place` names the link in errors. Raises LinkError
    with the file and the remedy.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_files(context, ca_file, certificate_file, key_file, place)
    return context


def load_files(
    context: ssl.SSLContext, ca_file: Path, certificate_file: Path | None, key_file: Path | None, place: str
) -> None:
    """Give a context the CA that it trusts, and its own certificate and key, both or none. Raises LinkError with the file and the remedy."""
    _readable(ca_file, "ca_file", place)
    try:
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError as error:
        raise LinkError(
            place, f"ca_file {ca_file} holds no PEM certificate ({error.reason}); remedy: the CA's"
        ) from error
    if certificate_file is None and key_file is None:
        return
    if certificate_file is None or key_file is None:
        raise LinkError(place, "certificate_file and key_file go together; remedy: give both or none")
    _readable(certificate_file, "certificate_file", place)
    _readable(key_file, "key_file", place)
    try:
        context.load_cert_chain(certificate_file, key_file, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        what = f"certificate_file {certificate_file} and key_file {key_file} cannot be used ({error})"
        raise LinkError(place, f"{what}; remedy: a PEM certificate and its own key, not encrypted") from error


def _readable(path: Path, entry: str, place: str) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise LinkError(
            place, f"{entry} {path}: {error.strerror}; remedy: a file that this process may read"
        ) from error


def _no_password() -> str:
    """Keep OpenSSL from asking for a password on the terminal."""
    raise ValueError("the key is encrypted")


async def connect_socket(
    host: str, port: int, context: ssl.SSLContext | None = None, server_name: str = ""
) -> socket.socket:
    """Connect without a thread: a non-blocking socket with TCP_NODELAY, its TLS handshake done.

    The name in the peer's certificate must be `server_name`, or the host where that is empty. The first address that answers is taken.
    Cancelling closes the socket at once; there is no deadline in here. Raises OSError, of which ssl.SSLError is one.
    """
    failure: OSError = OSError(f"{host} has no address")
    for family, address in await _addresses(host, port):
        try:
            sock = await _connect_one(family, address)
        except OSError as error:
            failure = error
            continue
        return sock if context is None else await _handshake(sock, context, server_name or host)
    raise failure


async def _addresses(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [(family, (str(address[0]), port)) for family, _, _, _, address in found]
    return [(socket.AF_INET if number.version == 4 else socket.AF_INET6, (host, port))]  # noqa: PLR2004 (IP version)


async def _connect_one(family: int, address: tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _handshake(sock: socket.socket, context: ssl.SSLContext, server_name: str) -> ssl.SSLSocket:
    try:
        secure = context.wrap_socket(sock, server_hostname=server_name, do_handshake_on_connect=False)
    except BaseException:
        sock.close()
        raise
    loop = asyncio.get_running_loop()
    try:
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(secure, loop.add_reader, loop.remove_reader)
            except ssl.SSLWantWriteError:
                await _ready(secure, loop.add_writer, loop.remove_writer)
            else:
                return secure
    except ConnectionError as error:
        secure.close()
        raise ConnectionError(_CUT_OFF) from error
    except BaseException:
        secure.close()
        raise


async def _ready(sock: socket.socket, add: Callable[..., Any], remove: Callable[[int], bool]) -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    add(sock.fileno(), _set, ready)
    try:
        await ready
    finally:
        remove(sock.fileno())


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def explain(error: ssl.SSLError, name: str) -> str:
    """Say in words what a TLS error means and what helps; `name` is what the certificate of the peer should name."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate of the peer refused: {_verdict(error, name)}"
    reason = error.reason or str(error)
    for end, words in _REMEDY_OF_REASON.items():
        if reason.endswith(end):
            return f"TLS: {words}"
    return f"TLS: {reason}"


def _verdict(error: ssl.SSLCertVerificationError, name: str) -> str:
    if error.verify_code in _UNTRUSTED:
        return f"not signed by the CA of tls.ca_file ({error.verify_message}); remedy: the CA that signed it"
    if error.verify_code == _EXPIRED:
        return "it has expired; remedy: renew it, or set this machine's clock"
    if error.verify_code == _NOT_YET_VALID:
        return "it is not valid yet; remedy: set this machine's clock"
    if error.verify_code in _WRONG_NAME:
        return f"it does not name {name}; remedy: tls.server_name, or a certificate with that name"
    return error.verify_message
