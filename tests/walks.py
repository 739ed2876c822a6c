"""`python -m tests.walks`: approve the walks as they are now; the change of the file shows in which steps the core decides otherwise."""

from tests.controller.core.walks import APPROVED, NAMES, walk


def main() -> None:
    """Write `walks.txt`."""
    with APPROVED.open("w", encoding="utf-8") as file:
        for name in NAMES:
            file.write(f"# {name}\n")
            file.writelines(f"{step.digest} {step.text}\n" for step in walk(name))
            print(name, flush=True)


if __name__ == "__main__":
    main()
