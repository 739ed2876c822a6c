"""Whether a site may drive its outputs by itself: in direct mode only with its own valid record of verification (design, decided)."""

from pathlib import Path

from controller.site.model import Mode, Site
from controller.tools.verify.record import find_fault


def why_not(site_file: Path, site: Site) -> str:
    """Why the site may not run as it stands, with the remedy; empty: it may."""
    fault = find_fault(site_file, site) if site.site.mode is Mode.DIRECT else None
    if fault is None:
        return ""
    return (
        f"{site_file}: site.mode is direct, and {fault.why}; remedy: {fault.remedy}, "
        "or let it observe (mode shadow); benches whose plant is simulated say --unverified"
    )
