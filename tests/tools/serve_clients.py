"""Clients of `dragoman serve` that are not like others: one that closes its half of the connection, one that leaves, one too
many, and those that are there when it ends. Arguments: the address, the process, a file of lines, what to try. Waits for
what the server says, never for a time."""
import json, os, re, signal, socket, sys, urllib.parse

address, process, lines, wanted = sys.argv[1], int(sys.argv[2]), open(sys.argv[3]).read().split("\n")[:-1], sys.argv[4]
place = urllib.parse.urlparse(address)
DAY = 86400
HELD = 100
MOST_ON_ITS_WAY = (1 << 20) + max(int(n) for n in open("/proc/sys/net/ipv4/tcp_wmem").read().split())


class Client:
    def __init__(self, room=None):
        self.socket = socket.socket()
        self.socket.settimeout(DAY)
        if room:  # bytes of an answer that wait on this side
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.connect((place.hostname, place.port))
        self.rest = b""

    def send(self, path, body=None, version="1.1"):
        text = json.dumps(body).encode() if body is not None else b""
        head = f"{'GET' if body is None else 'POST'} /{path} HTTP/{version}\r\nHost: localhost\r\nContent-Length: {len(text)}\r\n\r\n"
        self.socket.sendall(head.encode() + text)

    def more(self):
        part = self.socket.recv(1 << 16)
        self.rest += part
        return part

    def receive(self):
        """Status and JSON; what is said before, as 100, is read past."""
        while b"\r\n\r\n" not in self.rest:
            assert self.more(), "closed without an answer"
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        status = int(head.split()[1])
        if status == 100:
            return self.receive()
        size = int([line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")][0].split()[1])
        while len(self.rest) < size:
            assert self.more(), "closed within the answer"
        body, self.rest = self.rest[:size], self.rest[size:]
        return status, json.loads(body)

    def ask(self, path, body=None):
        self.send(path, body)
        return self.receive()

    def health_until(self, condition):
        while True:
            _, health = self.ask("health")
            if condition(health):
                return health


def half():
    for version in "1.1", "1.0":
        c = Client()
        c.send("translate", {"lines": lines}, version)
        c.socket.shutdown(socket.SHUT_WR)
        status, answer = c.receive()
        assert status == 200 and len(answer) == len(lines), (status, answer)


def leaves():
    many = [lines[0] + " w5" * 50] * 4000  # work for many minutes
    stays, goes = Client(), Client()
    goes.send("translate", {"lines": many, "beam_size": 50})
    before = stays.health_until(lambda health: health["waiting"] == 1)["translated"]
    goes.socket.close()
    after = stays.health_until(lambda health: health["waiting"] == 0)["translated"]
    assert after - before < len(many), "all of it was translated, for nobody"
    assert stays.ask("translate", lines[:1])[0] == 200


# A client that is let in: until then, others may be there who are about to leave.
def let_in():
    while True:
        try:
            c = Client()
            assert c.ask("health")[0] == 200
            return c
        except (ConnectionError, AssertionError):
            pass


def too_many():
    clients = [let_in() for _ in range(100)]
    try:
        one_more = Client()
        one_more.send("health")
        assert one_more.more() == b"", one_more.rest
    except ConnectionError:
        pass
    clients.pop().socket.close()
    let_in()


# An answer that nobody reads keeps the server at work.
def hold_up():
    a, b = Client(room=4096), Client()
    a.send("translate", {"lines": [" ".join((" ".join(lines)).split()[:36])] * HELD, "alignment": "soft", "beam_size": 1})
    while b"\r\n\r\n" not in a.rest:
        a.more()
    assert int(re.search(rb"(?i)content-length: (\d+)", a.rest)[1]) > MOST_ON_ITS_WAY, "the system may take all of it on its way"
    assert b.ask("health")[1]["status"] == "ok"
    return a, b


def ends():
    a, b = hold_up()
    before = b.ask("health")[1]["translated"]
    asks = Client()
    asks.send("translate", {"lines": lines})
    b.health_until(lambda health: health["waiting"] == 1 or health["translated"] >= before + len(lines))
    os.kill(process, signal.SIGTERM)
    health = b.health_until(lambda health: health["status"] != "ok")
    assert health["status"] == "ending", health
    assert b.ask("health")[0] == 503
    status, answer = b.ask("translate", lines[:1])
    assert status == 503 and "ending" in answer["error"], answer
    try:
        Client()
        assert False, "it takes new connections"
    except ConnectionError:
        pass
    status, answer = asks.receive()
    assert status == 200 and len(answer) == len(lines)
    status, answer = a.receive()
    assert status == 200 and len(answer) == HELD, answer


def is_pressed():
    _, b = hold_up()
    os.kill(process, signal.SIGINT)
    b.health_until(lambda health: health["status"] == "ending")
    os.kill(process, signal.SIGINT)
    while b.more():
        pass


for what in wanted.split():
    {"half": half, "leaves": leaves, "too-many": too_many, "ends": ends, "is-pressed": is_pressed}[what]()
