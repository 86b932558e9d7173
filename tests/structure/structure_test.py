"""Includes run downwards only; public headers stay free of others' types; only apps/ and one file read the environment.

Run from anywhere: structure_test.py [unittest arguments]. One table holds the order of the rooms.
"""

import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A room: what it may include besides itself and include/microvm. A prefix stands for the rooms below it.
ROOMS = {
    "include/microvm": [],
    "common/base": [],
    "common/posix": ["common/base"],
    "common/wire": ["common/base"],
    "common/state": ["common/base", "common/posix", "common/wire"],
    "guest": ["common"],
    "host/vsock": ["common"],
    "host/metadata": ["common", "host/vsock"],
    "host/fcapi": ["common"],
    "host/monitor": ["common"],
    "host/spec": ["common", "host/fcapi", "host/metadata"],
    "host/memory": ["common"],
    "host/doctor": ["common"],
    "host/vm": ["common", "host"],
    "host": ["common"],
    "cli": ["common/base", "common/posix", "host"],
    "standin/json": ["common"],
    "standin/model": ["common", "standin/json"],
    "standin/http": ["common", "standin/json"],
    "standin/vsock": ["common", "standin/json", "standin/model"],
    "standin/backend": ["common", "standin/json", "standin/model"],
    "standin/qemu": ["common", "standin/json", "standin/model", "standin/backend", "standin/vsock"],
    "standin/vmm": ["common", "standin/json", "standin/model", "standin/backend"],
    "standin/api": ["common", "standin/json", "standin/model", "standin/http", "standin/vmm"],
    "standin/cli": ["common", "standin"],
    "apps": ["common", "guest", "host", "cli", "standin"],
    "tests": ["common", "guest", "host", "cli", "standin"],
}
READS_ENVIRONMENT = ("apps/", "tests/", "cli/config.cpp")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ENVIRONMENT = re.compile(r"\b((secure_)?getenv|environ)\b")


def below(path, folder):
    return path.startswith(folder + "/")


def room_of(path):
    """The room that holds the file; None when there is none. A room that has rooms below it holds no other folders."""
    room = max((room for room in ROOMS if below(path, room)), key=len, default=None)
    has_rooms = any(below(other, str(room)) for other in ROOMS)
    return None if has_rooms and path.count("/") != room.count("/") + 1 else room


def allowed(path, included):
    room = room_of(path)
    if room_of(included) == room or below(included, "include/microvm"):
        return True
    if path.endswith("_test.cpp") and below(included, "tests/support"):
        return True
    return any(below(included, above) for above in ROOMS[room])


def include_faults(root, path, bracket, name):
    if below(path, "include") and (not name.startswith("microvm/") if bracket == '"' else not name.isidentifier()):
        yield f"a public header includes {name}: only the standard library and microvm/"
    target = "include/" + name if name.startswith("microvm/") else name
    if (root / target).is_file():
        if not allowed(path, target):
            yield f"{room_of(path)} may not include {target}"
    elif bracket == '"':
        yield f'"{name}" is not a file, as seen from the root of the repository'


def file_faults(root, path):
    if room_of(path) is None:
        yield 0, "is in no room that the table of this test knows"
        return
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        if include := INCLUDE.match(line):
            for fault in include_faults(root, path, *include.groups()):
                yield number, fault
        if ENVIRONMENT.search(line) and not path.startswith(READS_ENVIRONMENT) and not path.endswith("_test.cpp"):
            yield number, f"only {', '.join(READS_ENVIRONMENT)} may read the environment"


def faults(root):
    folders = (f for f in root.iterdir() if f.is_dir() and f.name != "build" and not f.name.startswith("."))
    paths = (str(p.relative_to(root)) for f in folders for end in ("h", "cpp") for p in f.rglob(f"*.{end}"))
    return [f"{path}:{number}: {fault}" for path in sorted(paths) for number, fault in file_faults(root, path)]


class Structure(unittest.TestCase):
    maxDiff = None

    def test_this_tree(self):
        self.assertEqual([], faults(ROOT))

    def test_every_room_exists(self):
        self.assertEqual([], [room for room in ROOMS if not (ROOT / room).is_dir()])


class Planted(unittest.TestCase):
    """Each fault is found, and nothing else is."""

    TREE = {
        "include/microvm/error.h": "#include <string>\n",
        "common/base/bytes.h": '#include "microvm/error.h"\n',
        "common/posix/sockets.h": '#include "common/base/bytes.h"\n',
        "common/wire/reply.h": "#include <boost/json/basic_parser.hpp>\n",
        "guest/server.h": '#include "common/posix/sockets.h"\n',
        "host/vsock/dial.h": '#include "common/posix/sockets.h"\n',
        "host/metadata/client.h": '#include "host/vsock/dial.h"\n',
        "host/metadata/client_test.cpp": '#include "tests/support/temp_dir.h"\n',
        "cli/config.cpp": 'auto port = std::getenv("PORT");\n',
        "tests/support/temp_dir.h": '#include "host/metadata/client.h"\n',
        "build/made.h": '#include "nowhere.h"\n',
    }

    def faults_with(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in {**self.TREE, path: text}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content)
            return faults(root)

    def test_a_good_tree(self):
        self.assertEqual([], self.faults_with("common/wire/rules.h", "// harmless: getenvironment\n"))

    def test_faults(self):
        for path, line, fault in [
            ("common/wire/a.h", '#include "common/posix/sockets.h"',
             "common/wire may not include common/posix/sockets.h"),
            ("common/base/a.h", '#include "common/wire/reply.h"', "common/base may not include common/wire/reply.h"),
            ("common/base/a.h", "#include <common/wire/reply.h>", "common/base may not include common/wire/reply.h"),
            ("guest/a.cpp", '#include "host/vsock/dial.h"', "guest may not include host/vsock/dial.h"),
            ("guest/a.cpp", '#include "tests/support/temp_dir.h"', "guest may not include tests/support/temp_dir.h"),
            ("guest/a.cpp", '#include "server.h"', '"server.h" is not a file, as seen from the root of the repository'),
            ("host/vsock/a.h", '  #  include "host/metadata/client.h"',
             "host/vsock may not include host/metadata/client.h"),
            ("host/metadata/a.h", '#include "guest/server.h"', "host/metadata may not include guest/server.h"),
            ("cli/a.cpp", '#include "common/wire/reply.h"', "cli may not include common/wire/reply.h"),
            ("host/a.cpp", '#include "host/vsock/dial.h"', "host may not include host/vsock/dial.h"),
            ("include/microvm/a.h", '#include "common/base/bytes.h"',
             "a public header includes common/base/bytes.h: only the standard library and microvm/"),
            ("include/microvm/a.h", "#include <fmt/format.h>",
             "a public header includes fmt/format.h: only the standard library and microvm/"),
            ("include/microvm/a.h", "#include <unistd.h>",
             "a public header includes unistd.h: only the standard library and microvm/"),
            ("guest/a.cpp", 'auto home = ::getenv("HOME");',
             f"only {', '.join(READS_ENVIRONMENT)} may read the environment"),
        ]:
            with self.subTest(path=path, line=line):
                self.assertIn(f"{path}:2: {fault}", self.faults_with(path, f"// first line\n{line}\n"))

    def test_an_unknown_room(self):
        for path in "extra/a.h", "host/extra/a.h", "common/a.h":
            self.assertEqual([f"{path}:0: is in no room that the table of this test knows"],
                             self.faults_with(path, "#include <string>\n"))


if __name__ == "__main__":
    unittest.main()
