"""`python -m tests.walks`: approve walks and stories as they are now; the change of their files shows which steps are decided otherwise."""

from tests.controller.core import stories
from tests.controller.core.tales import TALES
from tests.controller.core.walks import APPROVED, NAMES, walk


def main() -> None:
    """Write `walks.txt` and `stories.txt`."""
    with APPROVED.open("w", encoding="utf-8") as file:
        for name in NAMES:
            file.write(f"# {name}\n")
            file.writelines(f"{step.digest} {step.text}\n" for step in walk(name))
            print(name, flush=True)
    with stories.APPROVED.open("w", encoding="utf-8") as file:
        for name in TALES:
            file.writelines(stories.lines_of(name))
            print(name, flush=True)


if __name__ == "__main__":
    main()
