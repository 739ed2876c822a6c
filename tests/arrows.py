"""An import-linter contract for the arrows of the house: a part may import what is listed for it and nothing else.

The stock contracts of import-linter say what is forbidden, or which part stands above which. The design says, part by
part, what may be known, so a new module is refused until somebody draws its arrow. A part that does not exist passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


def _inside(module: str, parts: set[str]) -> bool:
    """Whether `module` is one of `parts` or stands below one of them."""
    return any(module == part or module.startswith(f"{part}.") for part in parts)


class ArrowsContract(Contract):
    """`parts` import, of the house, only `house`; of the outside only `libraries`, or anything when left out."""

    type_name = "arrows"

    parts = fields.SetField(subfield=fields.StringField())
    house = fields.SetField(subfield=fields.StringField(), required=False)
    libraries = fields.SetField(subfield=fields.StringField(), required=False)

    def _names(self, field: str) -> set[str]:
        """Give the parsed value of a set field (import-linter declares fields as descriptors without a type)."""
        return set(getattr(self, field) or ())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Compare each direct import of the parts with the lists."""
        parts, house, libraries = self._names("parts"), self._names("house"), self._names("libraries")
        any_library = not libraries
        roots = {module.split(".")[0] for module in parts | house} | {"controller", "drivers", "sim_hardware"}
        refused: list[str] = []
        for importer in sorted(module for module in graph.modules if _inside(module, parts)):
            output.verbose_print(verbose, f"Checking the imports of {importer}...")
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                of_house = imported.split(".")[0] in roots
                allowed = parts | house if of_house else libraries
                if (of_house or not any_library) and not _inside(imported, allowed):
                    details = graph.get_import_details(importer=importer, imported=imported)
                    lines = ", ".join(str(detail["line_number"]) for detail in details)
                    refused.append(f"{importer} -> {imported} (line {lines})")
        return ContractCheck(kept=not refused, metadata={"refused": refused})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name every import that has no arrow."""
        for line in check.metadata["refused"]:
            output.print_error(line)
        output.new_line()
