#!/usr/bin/python3
"""A benchmark builds the files that it needs, or ends with what to type: never with a traceback. In a small project of its own."""

import argparse
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SOURCE / "bench"))
import common  # noqa: E402

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES NONE)
add_custom_target(pvh COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/pvh)
add_custom_target(floor COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/floor)
add_custom_target(broken COMMAND ${CMAKE_COMMAND} -E echo "no such thing" COMMAND ${CMAKE_COMMAND} -E false)
"""


class Need(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.build = self.root / "build"
        self.addCleanup(setattr, common, "ROOT", common.ROOT)
        common.ROOT = self.root

    def configure(self) -> None:
        (self.root / "CMakeLists.txt").write_text(PROJECT)
        subprocess.run(["cmake", "-S", self.root, "-B", self.build, "-G", "Ninja"], check=True, stdout=subprocess.DEVNULL)

    def need(self, pvh: Path | None = None, **files: str) -> argparse.Namespace:
        options = argparse.Namespace(pvh=pvh)
        common.need(options, **files)
        return options

    def test_builds_what_is_missing_and_the_command(self) -> None:
        self.configure()
        options = self.need(floor="floor")
        self.assertEqual((options.pvh, options.build), (self.build / "pvh", self.build))
        self.assertTrue(options.pvh.exists() and (self.build / "floor").exists())

    def test_says_what_to_type_where_nothing_is_configured(self) -> None:
        with self.assertRaises(SystemExit) as ended:
            self.need(floor="floor")
        self.assertRegex(str(ended.exception), r"floor: not found\nhint: .*cmake --preset release.* --target floor pvh$")

    def test_shows_the_log_where_the_build_fails(self) -> None:
        self.configure()
        with self.assertRaises(SystemExit) as ended:
            self.need(broken="broken")
        self.assertRegex(str(ended.exception), r"(?s)no such thing.*cannot build broken pvh")

    def test_takes_a_given_program_as_it_is_and_its_helpers_from_the_build(self) -> None:
        self.configure()
        given = self.root / "elsewhere" / "pvh"
        given.parent.mkdir()
        given.touch()
        options = self.need(given, floor="floor")
        self.assertEqual((options.pvh, options.build), (given, self.build))
        self.assertTrue((self.build / "floor").exists())
        self.assertFalse((self.build / "pvh").exists())

    def test_names_a_given_program_that_is_missing(self) -> None:
        self.configure()
        with self.assertRaises(SystemExit) as ended:
            self.need(self.root / "nowhere" / "pvh", floor="floor")
        self.assertIn("nowhere/pvh: not found", str(ended.exception))


class Benchmarks(unittest.TestCase):
    def test_each_says_what_it_needs(self) -> None:
        scripts = [path for path in (SOURCE / "bench").iterdir()
                   if path.is_file() and path.read_bytes().startswith(b"#!/usr/bin/python3")]
        self.assertGreaterEqual(len(scripts), 6)
        for script in scripts:
            self.assertIn("common.need(options", script.read_text(), script.name)


if __name__ == "__main__":
    unittest.main()
