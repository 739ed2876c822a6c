"""The page of settings is that of the code, and every default has its meaning."""

from pathlib import Path

import msgspec

from controller.core.detect.defaults import DEFAULTS
from controller.site.model import Limits
from controller.tools.settings_page import page

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_is_not_old() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "write it anew: python -m controller.tools.settings_page > docs/settings.md"
    )


def test_every_type_and_every_setting_is_on_it_with_a_meaning() -> None:
    text = page()
    for family, limits in DEFAULTS.items():
        assert f"## {family}" in text
        for name, value in msgspec.structs.asdict(limits).items():
            assert value is None or f"| `{name}` | {value:.6g} |" in text
    meanings = text.partition("## What each setting is")[2]
    for field in msgspec.structs.fields(Limits):
        assert f"| `{field.name}` |  |" not in meanings, f"{field.name} has no meaning"


def test_numbers_carry_their_sources() -> None:
    text = page()
    assert "| `alarm` | 57 | fixed-temperature detector of 57 to 58 degC, EN 54-5 class A1 |" in text
    assert "| `cusum_slack` | 1.5 | Deviation that" in text
