"""What the served code does not do at all, read from its own source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVED = [file for room in ("portal", "reimage") for file in sorted((ROOT / room).rglob("*.py"))]
SCRIPT = (ROOT / "static" / "portal.js").read_text(encoding="utf-8")


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for file in SERVED:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield str(file.relative_to(ROOT)), node


def imports() -> set[str]:
    """Every module that the served code names."""
    found = set()
    for _file, node in nodes():
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def calls() -> list[tuple[str, str, ast.Call]]:
    """File, what is called, and the call."""
    return [(file, ast.unparse(node.func), node) for file, node in nodes() if isinstance(node, ast.Call)]


def roots() -> set[str]:
    return {name.partition(".")[0] for name in imports()}


@pytest.mark.asvs("V1.2.5", "V1.3.2")
def test_it_starts_no_program_and_evaluates_no_text() -> None:
    assert not roots() & {"subprocess", "pty", "popen2", "code", "codeop"}
    forbidden = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execv", "os.spawnv"}
    assert [(file, name) for file, name, _call in calls() if name in forbidden] == []


@pytest.mark.asvs("V1.5.1", "V1.5.2")
def test_it_reads_neither_xml_nor_pickles() -> None:
    assert not roots() & {"xml", "lxml", "defusedxml", "pickle", "marshal", "shelve", "dill", "yaml"}


@pytest.mark.asvs("V1.2.9")
def test_every_regular_expression_is_a_constant() -> None:
    ours = [(file, call.args[0]) for file, name, call in calls() if re.fullmatch(r"re\.[a-z]+", name)]
    assert len(ours) > 5
    assert [file for file, pattern in ours if not isinstance(pattern, ast.Constant)] == []


@pytest.mark.asvs("V1.3.7")
def test_no_template_is_made_from_text() -> None:
    assert not {"django.template.Template", "django.template.engine", "string.Template", "jinja2"} & imports()
    assert [file for file, name, _call in calls() if name.endswith((".from_string", "mark_safe", "SafeString"))] == []


@pytest.mark.asvs("V11.4.1")
def test_it_hashes_with_sha_256_alone() -> None:
    names = {name for _file, name, _call in calls() if re.fullmatch(r"(hashlib|hashes)\.\w+", name)}
    assert names <= {"hashlib.sha256", "hashes.SHA256"}
    hmacs = [call for _file, name, call in calls() if name == "salted_hmac"]
    assert all(
        "sha256" in [ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg == "algorithm"]
        for call in hmacs
    )


@pytest.mark.asvs("V11.5.1")
def test_the_ordinary_random_generator_only_jitters_times() -> None:
    files = {file for file, node in nodes() if isinstance(node, ast.Import) and "random" in ast.unparse(node).split()}
    assert files <= {"reimage/services/pace.py"}


@pytest.mark.asvs("V15.2.3")
def test_it_imports_neither_sandbox_nor_tests_nor_deployment() -> None:
    assert not roots() & {"sandbox", "tests", "deploy", "pytest"}


@pytest.mark.asvs("V15.3.7", "V14.2.1")
def test_a_deed_reads_the_body_alone() -> None:
    """A view that is for POST alone never looks at the query."""
    for file in sorted((ROOT / "reimage" / "views").glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and "require_POST" in map(ast.unparse, node.decorator_list):
                names = re.findall(r"request\.GET\b", ast.unparse(node))
                assert names == [] or node.name == "check_field", node.name


@pytest.mark.asvs("V3.2.2", "V14.3.3")
def test_the_script_writes_no_html_and_stores_nothing_but_the_time_zone() -> None:
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", SCRIPT) == []
    assert re.findall(r"localStorage|sessionStorage|indexedDB|postMessage", SCRIPT) == []
    assert len(re.findall(r"document\.cookie", SCRIPT)) == 1
