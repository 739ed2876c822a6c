"""A certificate authority for tests, made with the openssl program: keys on P-256, valid for two days."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Pair:
    certificate_file: Path
    key_file: Path


class Authority:
    """`ca_file` is its own certificate; `issue` makes certificates that it signs."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self.ca_file, self._key_file = folder / f"{name}.crt", folder / f"{name}.key"
        subject = ("-subj", f"/CN={name}", "-days", "2")
        openssl("req", "-x509", *KEY, "-keyout", self._key_file, "-out", self.ca_file, *subject)

    def issue(self, name: str, names: str = "IP:127.0.0.1", days: int = 2) -> Pair:
        """`names` as in subjectAltName; negative days make a certificate that has expired."""
        pair = Pair(self._folder / f"{self._name}-{name}.crt", self._folder / f"{self._name}-{name}.key")
        request = self._folder / f"{name}.csr"
        subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName={names}")
        openssl("req", *KEY, "-keyout", pair.key_file, "-out", request, *subject)
        signer = ("-CA", self.ca_file, "-CAkey", self._key_file, "-CAcreateserial")
        copied = ("-copy_extensions", "copy", "-days", str(days))
        openssl("x509", "-req", "-in", request, *signer, "-out", pair.certificate_file, *copied)
        return pair
