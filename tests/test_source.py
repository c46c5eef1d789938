"""What the served code does not do at all, read from its own source."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVED = [file for room in ("portal", "reimage") for file in sorted((ROOT / room).rglob("*.py"))]
SCRIPT = (ROOT / "static" / "portal.js").read_text(encoding="utf-8")


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    """Each with its file; parsed once for all tests."""
    trees = [(str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))) for file in SERVED]
    return [(file, node) for file, tree in trees for node in ast.walk(tree)]


@cache
def imports() -> set[str]:
    """Every module that the served code names."""
    found = set()
    for _file, node in nodes():
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@cache
def calls() -> list[tuple[str, str, ast.Call]]:
    """File, what is called, and the call."""
    return [(file, ast.unparse(node.func), node) for file, node in nodes() if isinstance(node, ast.Call)]


def importers_of(module: str) -> set[str]:
    """The files that import it, or something of it."""
    found = set()
    for file, node in nodes():
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        else:
            continue
        found |= {file for name in names if name == module or name.startswith(f"{module}.")}
    return found


def roots() -> set[str]:
    return {name.partition(".")[0] for name in imports()}


@pytest.mark.asvs("V1.2.5", "V1.3.2")
def test_it_starts_no_program_and_evaluates_no_text() -> None:
    assert not roots() & {"subprocess", "pty", "popen2", "code", "codeop"}
    forbidden = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execv", "os.spawnv"}
    assert [(file, name) for file, name, _call in calls() if name in forbidden] == []


# Constants, marks for as many parameters as there are, and names of columns that come from our models.
OURS = r"[A-Z_]+|', '\.join\(\[[A-Z_]+\] \* len\(\w+\)\)|plain\('\w+'\)|', '\.join\(columns\)"


@pytest.mark.asvs("V1.2.4")
def test_every_statement_of_sql_is_a_constant() -> None:
    """Or is put together of constants and column names of ours; whatever varies is a parameter."""
    asks = [(file, call.args[0]) for file, name, call in calls() if re.search(r"cursor\.execute$|\.raw$|^rows$", name)]
    assert len(asks) > 5
    assert [(file, ast.unparse(sql)) for file, sql in asks if not is_constant_sql(sql)] == []
    assert [(file, name) for file, name, _call in calls() if name.endswith(("RawSQL", ".extra", "executemany"))] == []


def is_constant_sql(sql: ast.expr) -> bool:
    if isinstance(sql, ast.JoinedStr):
        values = [part.value for part in sql.values if isinstance(part, ast.FormattedValue)]
        return all(re.fullmatch(OURS, ast.unparse(value)) for value in values)
    return isinstance(sql, ast.Constant | ast.Name)


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
    assert not {name for name in imports() if name.startswith("hashlib.")}
    hmacs = [call for _file, name, call in calls() if name == "salted_hmac"]
    assert all(
        "sha256" in [ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg == "algorithm"]
        for call in hmacs
    )


@pytest.mark.asvs("V11.5.1")
def test_the_ordinary_random_generator_only_jitters_times() -> None:
    assert importers_of("random") <= {"reimage/services/pace.py"}


@pytest.mark.asvs("V11.2.1", "V11.3.1")
def test_it_builds_no_cipher_of_parts() -> None:
    """Block modes, paddings and key exchanges of one's own begin with these; HPKE and signatures need none of them."""
    parts = ("ciphers", "asymmetric.padding", "asymmetric.rsa", "asymmetric.ec", "kdf", "cmac", "poly1305")
    assert {name for name in imports() for part in parts if f"hazmat.primitives.{part}" in name} == set()
    assert not roots() & {"Crypto", "Cryptodome", "nacl", "OpenSSL", "rsa", "ecdsa", "gmpy2"}


@pytest.mark.asvs("V14.2.2")
def test_image_versions_are_all_that_is_cached() -> None:
    assert importers_of("django.core.cache") == {"reimage/services/images.py"}
    decorators = {"cache_page", "cached", "cache_control"}
    assert [(file, name) for file, name, _call in calls() if name.rpartition(".")[2] in decorators] == []


@pytest.mark.asvs("V15.3.1")
def test_no_address_gives_out_a_whole_object() -> None:
    assert not roots() & {"rest_framework", "ninja", "tastypie"}
    whole = {"model_to_dict", "serialize", "forms.ModelForm"}
    assert [(file, name) for file, name, _call in calls() if name.rpartition(".")[2] in whole] == []
    assert importers_of("django.http.JsonResponse") == {"portal/health/views.py"}


@pytest.mark.asvs("V15.2.3")
def test_it_imports_neither_sandbox_nor_tests_nor_deployment() -> None:
    assert not roots() & {"sandbox", "tests", "deploy", "pytest"}


@pytest.mark.asvs("V15.3.7", "V14.2.1")
def test_a_deed_reads_the_body_alone() -> None:
    """A view that is for POST alone never looks at the query."""
    for file in [file for file in SERVED if file.parent.name == "views" or file.name.endswith("views.py")]:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and "require_POST" in map(ast.unparse, node.decorator_list):
                names = re.findall(r"request\.GET\b", ast.unparse(node))
                assert names == [] or node.name == "check_field", node.name


@pytest.mark.asvs("V1.2.3", "V3.2.2", "V14.3.3")
def test_the_script_writes_no_html_and_stores_nothing_but_the_time_zone() -> None:
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", SCRIPT) == []
    assert re.findall(r"localStorage|sessionStorage|indexedDB|postMessage", SCRIPT) == []
    assert len(re.findall(r"document\.cookie", SCRIPT)) == 1
