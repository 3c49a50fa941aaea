"""Simulated devices on TCP, raw and RFC 2217: every byte, one client at a time, cables that are pulled, real time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import serial

from instruments.clock import stopwatch
from instruments.errors import ConfigError
from instruments.sim.bench import SimulatedBench, build_bench
from instruments.sim.channel import BACKLOG_LIMIT
from instruments.sim.endpoints import Rfc2217Endpoint, TcpEndpoint
from instruments.sim.server import Server
from instruments.sim.setup import Setup
from tests.instruments.sim.served import PATIENCE_S, Cable, Exchange, served, until

pytestmark = pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning")  # pyserial 3.5

EVERY_BYTE = bytes(range(256))
IAC, SB, SE, COM_PORT = b"\xff", b"\xfa", b"\xf0", b"\x2c"
KINDS = {"tcp": TcpEndpoint, "rfc2217": Rfc2217Endpoint}

Knock = Callable[[TcpEndpoint], socket.socket]


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    exchange = Exchange()
    yield exchange
    exchange.board.close()


@pytest.fixture(params=KINDS)
def endpoint(request: pytest.FixtureRequest, exchange: Exchange) -> TcpEndpoint:
    return attached(exchange, KINDS[request.param])


@pytest.fixture
def knock() -> Iterator[Knock]:
    """Connects a plain socket, which the endpoint may take or turn away."""
    made: list[socket.socket] = []

    def connect(endpoint: TcpEndpoint) -> socket.socket:
        parts = urlsplit(endpoint.address)
        made.append(socket.create_connection((str(parts.hostname), int(parts.port or 0)), PATIENCE_S))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


def attached(exchange: Exchange, kind: type[TcpEndpoint]) -> TcpEndpoint:
    return exchange.board.attach("ear", lambda selector, hear: kind(selector, hear, "127.0.0.1", 0))


def let_in(exchange: Exchange, client: socket.socket) -> None:
    """Until the device hears the client."""
    client.sendall(b"here")
    before = len(exchange.ear.heard)
    exchange.until(lambda: exchange.ear.heard[before:].endswith(b"here"))


def hung_up(exchange: Exchange, client: socket.socket) -> bool:
    """Once the other end has closed; what came before it is left out of account."""
    exchange.until(lambda: _taken(client) == b"")
    return True


def said(exchange: Exchange, client: socket.socket, end: bytes) -> bytes:
    """All that comes, up to ``end``."""
    got = b""

    def whole() -> bool:
        nonlocal got
        got += _taken(client) or b""
        return got.endswith(end)

    exchange.until(whole)
    return got


def _taken(client: socket.socket) -> bytes | None:
    """What is there; None for nothing yet, no bytes when the other end has closed."""
    client.settimeout(0)
    try:
        return client.recv(65_536)
    except BlockingIOError:
        return None
    except ConnectionError:
        return b""


# --- bytes ---


def test_every_byte_goes_through_raw_tcp_unchanged(exchange: Exchange, knock: Knock) -> None:
    client = knock(attached(exchange, TcpEndpoint))
    client.sendall(EVERY_BYTE)
    exchange.until(lambda: exchange.ear.heard == EVERY_BYTE)
    exchange.say(EVERY_BYTE)
    assert said(exchange, client, EVERY_BYTE) == EVERY_BYTE


def test_byte_255_is_doubled_both_ways_where_telnet_is_spoken(exchange: Exchange, knock: Knock) -> None:
    client = knock(attached(exchange, Rfc2217Endpoint))
    client.sendall(b"a" + IAC + IAC + b"b")
    exchange.until(lambda: exchange.ear.heard == b"a\xffb")
    exchange.say(b"c\xffd")
    assert said(exchange, client, b"d").endswith(b"c\xff\xffd")


def test_what_is_sent_while_nobody_is_connected_is_lost(exchange: Exchange, endpoint: TcpEndpoint, knock: Knock) -> None:
    exchange.say(b"early")
    client = knock(endpoint)
    let_in(exchange, client)
    exchange.say(b"late.")
    assert b"early" not in said(exchange, client, b"late.")


def test_all_clients_hear_the_device_and_it_hears_them_all(exchange: Exchange, knock: Knock) -> None:
    clients = [knock(attached(exchange, kind)) for kind in (TcpEndpoint, Rfc2217Endpoint)]
    for client in clients:
        let_in(exchange, client)
    exchange.say(b"to all.")
    assert all(said(exchange, client, b"to all.") for client in clients)


# --- clients that come and go ---


def test_a_second_client_is_turned_away_and_the_first_goes_on(exchange: Exchange, endpoint: TcpEndpoint, knock: Knock) -> None:
    first = knock(endpoint)
    let_in(exchange, first)
    assert hung_up(exchange, knock(endpoint))
    exchange.say(b"still here")
    assert said(exchange, first, b"still here")


def test_who_closes_and_opens_again_is_let_in(exchange: Exchange, endpoint: TcpEndpoint, knock: Knock) -> None:
    for _ in range(20):
        client = knock(endpoint)
        let_in(exchange, client)
        client.sendall(b"last")
        client.close()


def test_what_a_client_said_last_is_heard(exchange: Exchange, knock: Knock) -> None:
    endpoint = attached(exchange, TcpEndpoint)
    knock(endpoint).close()
    client = knock(endpoint)
    client.sendall(b"stop!")
    client.close()
    exchange.until(lambda: exchange.ear.heard == b"stop!")


def test_who_does_not_read_loses_what_is_too_much_and_holds_nobody_up(
    exchange: Exchange, endpoint: TcpEndpoint, knock: Knock
) -> None:
    client = knock(endpoint)
    let_in(exchange, client)
    piece, pieces = b"x" * (BACKLOG_LIMIT // 2), 0
    while not endpoint.lost:
        exchange.say(piece)
        pieces += 1
    assert endpoint.lost == len(piece) == exchange.board.lost
    let_in(exchange, client)
    kept = b"x" * ((pieces - 1) * len(piece))
    assert said(exchange, client, kept).endswith(kept)
    exchange.say(b"read again")
    assert said(exchange, client, b"again") == b"read again"


RULE_BREAKERS = {
    "end without beginning": IAC + SE,
    "no such parity": IAC + SB + COM_PORT + b"\x03\x63" + IAC + SE,
    "half a baud rate": IAC + SB + COM_PORT + b"\x01\x00" + IAC + SE,
    "a setting without end": IAC + SB + COM_PORT + bytes(5000),
}


@pytest.mark.parametrize("data", RULE_BREAKERS.values(), ids=RULE_BREAKERS)
def test_who_breaks_the_rules_of_rfc_2217_is_hung_up_on(data: bytes, exchange: Exchange, knock: Knock) -> None:
    endpoint = attached(exchange, Rfc2217Endpoint)
    client = knock(endpoint)
    let_in(exchange, client)
    client.sendall(data)
    assert hung_up(exchange, client)
    let_in(exchange, knock(endpoint))
    assert exchange.ear.heard == b"herehere"


def test_a_device_that_is_unplugged_hangs_up_and_lets_nobody_in(exchange: Exchange, endpoint: TcpEndpoint, knock: Knock) -> None:
    first = knock(endpoint)
    let_in(exchange, first)
    exchange.ear.unplug()
    exchange.carry()
    assert hung_up(exchange, first)
    assert hung_up(exchange, knock(endpoint))
    exchange.ear.plug_in()
    exchange.carry()
    let_in(exchange, knock(endpoint))


def test_a_cable_that_was_only_out_for_a_moment_has_been_out_all_the_same(
    exchange: Exchange, endpoint: TcpEndpoint, knock: Knock
) -> None:
    client = knock(endpoint)
    let_in(exchange, client)
    exchange.ear.unplug()
    exchange.ear.plug_in()
    exchange.carry()
    assert hung_up(exchange, client)
    let_in(exchange, knock(endpoint))


def test_what_is_said_on_a_cable_that_is_pulled_just_now_is_not_heard(
    exchange: Exchange, endpoint: TcpEndpoint, knock: Knock
) -> None:
    client = knock(endpoint)
    let_in(exchange, client)
    client.sendall(b"too late")
    ready = exchange.board.wait(PATIENCE_S)
    exchange.ear.unplug()
    exchange.board.carry(ready)
    assert exchange.ear.heard == b"here"


# --- the server ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_balance_answers_pyserial(kind: str) -> None:
    with served(SimulatedBench(Setup(seed=3)), speed=20.0) as server:
        address = getattr(server.addresses["balance"], kind)
        with serial.serial_for_url(address, timeout=PATIENCE_S) as port:
            port.write(b"I4\r\n")
            assert port.read_until(b"\n") == b'I4 A "SIM0000001"\r\n'


def test_line_settings_are_confirmed() -> None:
    with (
        served(SimulatedBench(Setup())) as server,
        serial.serial_for_url(server.addresses["balance"].rfc2217, 2400, 7, "O", 2, timeout=PATIENCE_S) as port,
    ):
        port.dtr = False
        port.reset_input_buffer()
        port.write(b"I4\r\n")
        assert port.read_until(b"\n") == b'I4 A "SIM0000001"\r\n'


def test_bench_time_is_real_time_and_never_ahead_of_it() -> None:
    bench, speed = SimulatedBench(Setup()), 200.0
    bench.clock.sleep_until(1000.0)
    real_s = stopwatch()
    with served(bench, speed=speed):
        until(lambda: bench.clock.now_s() > 1100.0)
        ahead_s = bench.clock.now_s() - 1000.0 - real_s() * speed
    assert ahead_s <= 0.0


def test_an_unplugged_balance_comes_back_and_has_gone_on_weighing() -> None:
    bench = SimulatedBench(Setup())
    cable = Cable(bench, "balance")
    with served(bench, speed=50.0) as server:
        address = server.addresses["balance"].tcp
        with serial.serial_for_url(address, timeout=PATIENCE_S) as port:
            port.write(b"SIR\r\n")
            assert port.read_until(b"\n").startswith(b"S ")
            cable.pull()
            with pytest.raises(serial.SerialException, match="disconnected"):
                port.read(1_000_000)
        cable.put_back()
        with serial.serial_for_url(address, timeout=PATIENCE_S) as port:
            assert port.read_until(b"\n").startswith(b"S ")


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ConfigError, match="not a number above 0"):
        Server(SimulatedBench(Setup()), speed=speed)


def test_a_port_that_is_taken_is_said_and_the_others_are_given_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"nothing can be served at 127.0.0.1:{number} \(.*choose another"):
            Server(SimulatedBench(Setup()), first_port=number - 2)
    for freed in (number - 2, number - 1):
        socket.create_server(("127.0.0.1", freed)).close()


def test_only_this_machine_is_let_in_unless_told() -> None:
    with served(SimulatedBench(Setup())) as server:
        hosts = {urlsplit(url).hostname for found in server.addresses.values() for url in (found.tcp, found.rfc2217)}
    assert hosts == {"127.0.0.1"}


@pytest.mark.parametrize(("host", "named"), [("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")])
def test_an_address_can_be_opened_as_it_is_named(host: str, named: str) -> None:
    with served(SimulatedBench(Setup()), host=host, speed=20.0) as server:
        address = server.addresses["balance"].tcp
        assert urlsplit(address).hostname == named
        with serial.serial_for_url(address, timeout=PATIENCE_S) as port:
            port.write(b"I4\r\n")
            assert port.read_until(b"\n") == b'I4 A "SIM0000001"\r\n'


def test_tcp_ports_count_up_from_the_first() -> None:
    number = _four_in_a_row()
    with served(SimulatedBench(Setup()), first_port=number) as server:
        found = [server.addresses[role] for role in ("balance", "pump")]
    numbers = [urlsplit(url).port for entry in found for url in (entry.tcp, entry.rfc2217)]
    assert numbers == list(range(number, number + 4))


def _four_in_a_row() -> int:
    for number in range(20_000, 30_000, 4):
        try:
            for port in range(number, number + 4):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return number
    raise AssertionError("no four free ports in a row")


# --- what is served ---

REAL = {
    "pump": {"driver": "new-era", "address": "/dev/serial/by-id/usb-pump"},
    "balance": {"driver": "mt-sics", "address": "COM3"},
    "balance2": {"driver": "mt-sics", "address": "COM3"},
}


def test_the_devices_of_a_real_bench_are_named_by_their_roles() -> None:
    bench = build_bench("real", REAL)
    assert bench.roles == {"balance": "balance", "balance2": "balance", "pump": "pump"}
    assert list(bench.devices) == ["balance", "pump"]


def test_two_roles_of_one_device_share_its_addresses() -> None:
    with served(build_bench("real", REAL)) as server:
        found = server.addresses
    assert found["balance"] == found["balance2"] != found["pump"]


def test_devices_of_a_simulated_bench_are_named_by_their_addresses() -> None:
    tables = {"pump": {"driver": "new-era", "address": "ASRLsim://bench/left::INSTR"}, "balance": REAL["balance"]}
    tables["balance"] = {"driver": "mt-sics", "address": "sim://bench/right"}
    assert SimulatedBench(Setup(), tables).roles == {"balance": "right", "pump": "left"}
