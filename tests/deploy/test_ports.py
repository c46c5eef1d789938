"""The demo's ports: a taken or senseless one is a sentence with the variable to set."""

import socket

import pytest

from deploy.demo.ports import Ports, is_taken
from deploy.demo.problem import DemoProblem
from tests.ports import free_port


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_defaults_are_the_documented_ones():
    assert Ports.chosen({}) == Ports(web=8000, sandbox_http=7080, sandbox_https=7443)


@pytest.mark.parametrize("name", ["DEMO_PORT", "DEMO_SANDBOX_HTTP_PORT", "DEMO_SANDBOX_HTTPS_PORT"])
def test_a_taken_port_is_refused_with_the_port_and_the_variable_to_set(taken_port, name):
    free = {variable: str(free_port()) for variable in ("DEMO_PORT", "DEMO_SANDBOX_HTTP_PORT")}
    ports = Ports.chosen({"DEMO_SANDBOX_HTTPS_PORT": str(free_port())} | free | {name: str(taken_port)})
    with pytest.raises(DemoProblem, match=rf"Port {taken_port} is taken .* make demo {name}=\d+$"):
        ports.refuse_taken()


def test_free_ports_are_accepted():
    Ports(free_port(), free_port(), free_port()).refuse_taken()


def test_a_port_that_is_taken_on_ipv6_alone_is_taken():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert is_taken(server.getsockname()[1])


@pytest.mark.parametrize("text", ["web", "80", "65536", "-8000", "80 00"])
def test_a_senseless_port_is_refused_by_the_variables_name(text):
    with pytest.raises(DemoProblem, match=r"DEMO_PORT is .* choose a number from 1024 to 65535"):
        Ports.chosen({"DEMO_PORT": text})


def test_one_port_cannot_serve_two():
    with pytest.raises(DemoProblem, match="DEMO_PORT=7080, DEMO_SANDBOX_HTTP_PORT=7080"):
        Ports.chosen({"DEMO_PORT": "7080"})
