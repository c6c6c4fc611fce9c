"""No module imports itself, directly or through others. Directions are import-linter's contract."""

import tomllib

import grimp

from evently.environment import BASE_DIR

with (BASE_DIR / "pyproject.toml").open("rb") as _file:
    PACKAGES = tomllib.load(_file)["tool"]["importlinter"]["root_packages"]


def modules_on_circles(graph: grimp.ImportGraph) -> list[str]:
    """Return the modules that import themselves through others, type-checking imports included.

    Modules that import nothing within the group, or that nothing in it imports, are taken away
    until none is left to take; what remains lies on a circle, or between two of them.
    """
    importing = {
        module: graph.find_modules_directly_imported_by(module) for module in graph.modules
    }
    while True:
        imported = set().union(*importing.values()) if importing else set()
        ends = {module for module, others in importing.items() if not others & importing.keys()}
        starts = importing.keys() - imported
        if not ends | starts:
            return sorted(importing)
        for module in ends | starts:
            del importing[module]


def test_no_module_is_part_of_a_circle():
    assert modules_on_circles(grimp.build_graph(*PACKAGES, cache_dir=None)) == []


def test_a_circle_is_found():
    graph = grimp.ImportGraph()
    for importer, imported in (("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")):
        graph.add_import(importer=importer, imported=imported)
    assert modules_on_circles(graph) == ["b", "c"]
