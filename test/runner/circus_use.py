"""What the runner uses of circus, read from the sources of both: prints it as the table of docs/dependencies.md has it.

python circus_use.py [--names] RUNNER CIRCUS: the folders of their Python files; with --names only the names, on one line.
"""
import ast
import pathlib
import sys

# circus's classes: the file of each, our class made of it, and what else in the runner is one.
CLASSES = {
    "Arbiter": ("arbiter.py", "Supervisor", ["self.arbiter"]),
    "Controller": ("controller.py", "RunnerController", ["self.ctrl"]),
    "Watcher": ("watcher.py", "RunnerWatcher", ["watcher"]),
    "Process": ("process.py", None, ["process"]),
}


def read(path):
    return ast.parse(path.read_text())


def class_of(tree, name):
    return next((node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name), None)


def methods(node):
    return {each.name for each in node.body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))}


def attributes(node, owners):
    """The names that are taken of one of `owners`, as they are written; and whether each is only set."""
    return {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute) and ast.unparse(each.value) in owners}


def members(circus, file, name):
    """The methods and attributes of a class of circus."""
    node = class_of(read(circus / file), name)
    set_there = {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store) and ast.unparse(each.value) == "self"
    }
    return methods(node) | set_there


def use(runner, circus):
    """Out: {what of circus: (names that the runner uses, names that it replaces)}, and the names that it imports beside the classes."""
    trees = [read(path) for path in sorted(runner.glob("*.py"))]
    found = {}
    for name, (file, ours, owners) in CLASSES.items():
        known = {member for member in members(circus, file, name) if not member.startswith("__")}
        own = next(filter(None, (class_of(tree, ours) for tree in trees)), None)
        used = set().union(*(attributes(tree, owners) for tree in trees))
        if own:
            used |= attributes(own, ["self", "super()"])
        replaced = methods(own) & known if own else set()
        # What a class of ours replaces is its own, but for what it calls above it.
        above = attributes(own, ["super()"]) if own else set()
        found[name] = ((used & known) - replaced | (above & replaced), replaced)
    imported = {
        alias.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "circus"
        for alias in node.names
    }
    return found, imported - set(CLASSES)


def main(*arguments):
    runner, circus = map(pathlib.Path, arguments[-2:])
    found, imported = use(runner, circus)
    if arguments[0] == "--names":
        print(*sorted(imported.union(found, *(used | replaced for used, replaced in found.values()))))
        return
    for name, (used, replaced) in found.items():
        print(name, "|", ", ".join(f"`{each}`" for each in sorted(used)), "|", ", ".join(f"`{each}`" for each in sorted(replaced)))
    print(*sorted(imported))


if __name__ == "__main__":
    main(*sys.argv[1:])
