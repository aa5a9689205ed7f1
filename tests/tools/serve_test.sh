#!/bin/bash
# dragoman serve as programs and browsers meet it: answers, refusals, clients that hang or vanish, the end. Argument: the
# command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
here=$(realpath "$(dirname "$0")")
server=
finish() {
    [ -z "$server" ] || kill -9 "$server" 2> /dev/null
    rm -rf "$room"
}
trap finish EXIT
cd "$room" || exit 1
make_folder model

# start FOLDER OPTIONS...: a server on a free port; sets $server and $address
start() {
    : > log
    # What runs behind is told to ignore Ctrl-C.
    env --default-signal=INT "$dragoman" serve --port 0 --model "$@" 2> log &
    server=$!
    for _ in $(seq 600); do
        address=$(sed -n 's/^Open \(http:[^ ]*\).*/\1/p' log)
        [ -n "$address" ] && return
        kill -0 $server 2> /dev/null || break
        sleep 0.1
    done
    echo "FAILED: the server does not start: $(cat log)"
    exit 1
}

# ended STATUS: it ends by itself
ended() {
    wait $server
    local got=$?
    [ $got = "$1" ] || fail "the server ends with $got instead of $1: $(tail -n 3 log)"
    server=
}

lost() {  # a server of which nobody knows whether it ends
    fail "$@"
    kill -9 $server
}

stop() {  # stop SIGNAL
    kill -"$1" $server
    ended 0
}

ask() { curl -s --max-time 120 "$address$1" "${@:2}"; }

# refused WHAT STATUS WORDS PATH CURL-OPTIONS...: an error of HTTP, in JSON
refused() {
    local what=$1 status=$2 words=$3 got
    got=$(curl -s --max-time 120 -o body -w '%{http_code}' "$address$4" "${@:5}")
    [ "$got" = "$status" ] || fail "$what: $got instead of $status ($(head -c 200 body))"
    grep -q '"error":' body || fail "$what: no error in the answer: $(head -c 200 body)"
    grep -qF -- "$words" body || fail "$what: the answer does not speak of '$words': $(head -c 300 body)"
}

for i in $(seq 1 60); do
    words=
    for j in $(seq 1 $((1 + i * 7 % 11))); do words="$words w$((2 + (i * i + j * 5) % 38))"; done
    echo "${words# }"
done > lines
"$dragoman" translate --model model < lines > expected
start model

# ---- Answers ----

python3 - "$address" lines expected << 'PYTHON' || fail "answers"
import concurrent.futures, json, sys, urllib.request
address, lines, expected = sys.argv[1], *(open(f, encoding="utf-8").read().split("\n")[:-1] for f in sys.argv[2:4])

def post(path, body):
    request = urllib.request.Request(address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=120))

assert [o["text"] for o in post("translate", lines)] == expected, "a list of lines"
answer = post("translate", {"lines": lines, "n_best": 3, "alignment": True, "beam_size": 5})
assert [o["text"] for o in answer] == expected and all(len(o["n_best"]) == 3 for o in answer)
for o in answer:
    assert len(o["alignment"]) == len(o["words"])
    assert all(len(row) == len(o["source_words"]) + 1 and abs(sum(row) - 1) < 1e-3 for row in o["alignment"])
assert all(isinstance(link, list) for o in post("translate", {"lines": lines, "alignment": "hard"}) for link in o["alignment"])
assert post("translate", ["", "  "])[0]["text"] == ""
assert post("translate", []) == []
seen = post("attention", {"line": lines[3]})
assert seen["text"] == expected[3] and seen["target"][-1] == "</s>"
assert abs(sum(seen["cross"][0][0][0]) - 1) < 0.01
info = json.load(urllib.request.urlopen(address + "info"))
assert info["models"][0]["name"] == "model", info
assert not {"source_language", "target_language"} & set(info["models"][0]), info

# Twenty at once, of other options and sizes, each with its own answer.
def one(k):
    mine = lines[k: k + 20]
    answer = post("translate", {"lines": mine, "n_best": 1 + k % 3})
    return [o["text"] for o in answer] == expected[k: k + 20]
with concurrent.futures.ThreadPoolExecutor(20) as pool:
    assert all(pool.map(one, range(20))), "answers got mixed up"
PYTHON
ask "" | grep -q '<title>Dragoman</title>' || fail "there is no page"
ask page.css | grep -q color || fail "the page has no style"

# ---- Refusals ----

refused "no JSON" 400 "not JSON" translate -d '{"lin'
refused "an object without lines" 400 "lines" translate -d '{}'
refused "lines that are none" 400 "lines" translate -d '{"lines": "w5"}'
refused "a line that is none" 400 "number 2" translate -d '["w5", 6]'
refused "an unknown option" 400 "beam_sise" translate -d '{"lines": ["w5"], "beam_sise": 3}'
refused "a number that is none" 400 "beam_size" translate -d '{"lines": ["w5"], "beam_size": "x"}'
refused "a longer list than the beam finds" 400 "a beam of 2 finds no more than 3" translate \
    -d '{"lines": ["w5"], "n_best": 4, "beam_size": 2}'
refused "a key without effect" 400 "normalize has no effect with --beam-size 1" attention \
    -d '{"line": "w5", "normalize": 2, "beam_size": 1}'
refused "a number out of range" 400 "too much" translate -d '{"lines": ["w5"], "n_best": 100000}'
printf '["w5 \xff"]' > invalid
refused "no UTF-8" 400 "UTF-8" translate --data-binary @invalid
{ printf '["'; yes w5 | head -n 5000 | tr '\n' ' '; printf '"]'; } > long
refused "a line too long" 400 "line 1" translate --data-binary @long
# A beam of 5 may write 40,000 pieces: 3 * bytes + 10 each.
printf '["w5%2661s"]' '' > longest
ask translate --data-binary @longest | grep -q '"text"' || fail "a line as long as is taken: $(ask translate --data-binary @longest)"
printf '["w5%2662s"]' '' > longer
refused "a line longer than that" 400 "too long, with 2664 bytes" translate --data-binary @longer
printf '{"lines": ["w5%2662s"], "beam_size": 4}' '' > narrower
ask translate --data-binary @narrower | grep -q '"text"' || fail "a longer line with a smaller beam"
refused "nested without end" 400 "" translate -d "$(yes '[' | head -n 3000 | tr -d '\n')"
head -c 3000000 /dev/zero | tr '\0' 'a' > large
refused "a body too large" 413 "MiB" translate --data-binary @large
refused "a body too large that does not say so" 413 "MiB" translate -H 'Transfer-Encoding: chunked' --data-binary @large
refused "no such place" 404 "" nothing
refused "another method" 405 "" translate
refused "another method" 405 "" info -X DELETE
refused "another host" 403 "localhost" info -H 'Host: evil.example'
refused "attention of nothing" 400 "" attention -d '{}'
check "a port that is in use" 1 "in use|--port 0" "$dragoman" serve --model model --port "$(basename "${address##*:}")"
ask translate -d '["w5"]' | grep -q '"text"' || fail "after all these it does not answer"

# ---- Who may ask ----

version=$("$dragoman" --version | sed -n 's/^dragoman //p')
[ "$(ask health | sed 's/"translated":[0-9]*/"translated":N/')" = \
    "{\"status\":\"ok\",\"model\":\"model\",\"version\":\"$version\",\"waiting\":0,\"translated\":N}" ] ||
    fail "its health: $(ask health)"
ask health -I | grep -q '^HTTP/1.1 200' || fail "its health is not told to HEAD"
for origin in http://evil.example null "${address%%:*}://127.0.0.1:1" "https:${address#http:}" "${address%/}.evil.example"; do
    refused "a page of $origin" 403 "--allow-origin" translate -H "Origin: $origin" -d '["w5"]'
    refused "a page of $origin that asks first" 403 "--allow-origin" translate -X OPTIONS -H "Origin: $origin" \
        -H 'Access-Control-Request-Method: POST'
done
ask translate -i -H "Origin: ${address%/}" -d '["w5"]' > answer
grep -q '"text"' answer || fail "its own page is not answered: $(cat answer)"
! grep -qi access-control answer || fail "it speaks of other origins: $(cat answer)"
refused "another method" 405 "" translate -X OPTIONS
check "an origin with a path" 2 "--allow-origin https://example.org/x|localhost:3000" \
    "$dragoman" serve --model model --allow-origin https://example.org/x
check "an origin without a scheme" 2 "--allow-origin example.org" "$dragoman" serve --model model --allow-origin example.org
check "an address of another machine" 1 "--host 192.0.2.1|0.0.0.0" "$dragoman" serve --model model --host 192.0.2.1
port=${address##*:} port=${port%/}
! curl -s "http://127.0.0.2:$port/health" > answer || fail "it listens on other addresses than 127.0.0.1: $(cat answer)"
python3 -B "$here/serve_clients.py" "$address" $server lines "half leaves too-many" || fail "clients that are not like others"
python3 -B "$here/serve_clients.py" "$address" $server lines ends || lost "the end"
ended 0
grep -q 'Ending when all that was asked is answered ([0-9]*); Ctrl-C ends at once' log || fail "it does not say what it waits for"
cp -r model spoken
echo '{"source_lang": "de", "target_lang": "en"}' > spoken/tokenizer_config.json
start spoken --timeout 3600
for fact in '"source_language":"de"' '"target_language":"en"'; do
    ask info | grep -qF "$fact" || fail "$fact: $(ask info | head -c 300)"
done
refused 'a key that is not ASCII' 400 "there is no 'gr????e' here" translate -d '{"größe": 1, "lines": ["w5"]}'
python3 -B "$here/serve_clients.py" "$address" $server lines is-pressed || lost "the end at once"
ended 130

start model --host 0.0.0.0 --allow-origin https://example.org http://localhost:3000
grep -q 'warning: other machines can reach this server' log || fail "it does not warn: $(cat log)"
port=${address##*:} port=${port%/}
for name in 127.0.0.1 localhost 127.0.0.2 "$(hostname)"; do
    curl -s --resolve "$(hostname):$port:127.0.0.1" "http://$name:$port/health" | grep -q '"ok"' || fail "it does not answer $name"
done
refused "a name that is not its own" 403 "localhost" info -H 'Host: evil.example'
for origin in https://example.org http://localhost:3000; do
    ask translate -i -H "Origin: $origin" -d '["w5"]' | tr -d '\r' > answer
    grep -q '"text"' answer && grep -qx "Access-Control-Allow-Origin: $origin" answer && grep -qx 'Vary: Origin' answer ||
        fail "$origin is not answered: $(cat answer)"
    ask translate -i -X OPTIONS -H "Origin: $origin" -H 'Access-Control-Request-Method: POST' \
        -H 'Access-Control-Request-Headers: content-type' | tr -d '\r' > answer
    grep -q '^HTTP/1.1 204' answer && grep -qx "Access-Control-Allow-Origin: $origin" answer &&
        grep -qx 'Access-Control-Allow-Headers: Content-Type' answer && grep -q '^Access-Control-Allow-Methods:.*POST' answer ||
        fail "$origin may not ask: $(cat answer)"
done
ask translate -i -H 'Origin: https://example.org' -d '{' | grep -q '^Access-Control' || fail "$origin cannot read errors"
refused "a page that is not named" 403 "--allow-origin" info -H 'Origin: https://example.org.evil.example'
stop TERM
start model --host 127.0.0.3 --allow-origin '*'
[ "$address" = "http://127.0.0.3:${address##*:}" ] && ! grep -q warning log || fail "127.0.0.3: $(cat log)"
ask health -i -H 'Origin: https://anyone.example' | tr -d '\r' |
    grep -qx 'Access-Control-Allow-Origin: https://anyone.example' || fail "* is not everybody"
stop INT
start model

# ---- Clients that vanish ----

for _ in $(seq 10); do
    curl -s --max-time 0.01 "${address}translate" --data-binary "{\"lines\": [\"w5 w6 w7\"], \"beam_size\": 50}" > /dev/null
done
ask translate -d '["w5"]' | grep -q '"text"' || fail "after clients that vanished it does not answer"
stop TERM
start model --timeout 0.5
python3 - "$address" << 'PYTHON' || fail "a client that says nothing"
import socket, sys, urllib.parse
place = urllib.parse.urlparse(sys.argv[1])
slow = [socket.create_connection((place.hostname, place.port)) for _ in range(5)]
for s in slow:
    s.sendall(b"POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n[\"w")  # and no more
for s in slow:
    s.settimeout(60)
    while s.recv(4096):  # it is cut off, with or without an answer
        pass
PYTHON
ask translate -d '["w5"]' | grep -q '"text"' || fail "after slow clients it does not answer"
stop INT

# ---- In a browser ----

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -n "$browser" ]; then
    start model
    python3 -B "$here/serve_page.py" "$browser" "$address" "$(sed -n 3p lines)" "$(sed -n 3p expected)" ||
        fail "the page in $browser"
    stop INT
else
    echo "There is no Chromium here: the page was not tried in a browser"
fi

# ---- A model that looks at nothing, and one whose decoder alone looks ----

make_text
sentence=$(head -n 1 src)
for attention in none additive; do
    "$dragoman" train --type rnn --rnn-attention $attention --train-sets src trg --segmenter space --dim-emb 16 --dim-rnn 16 \
        --gemm openblas --after 2u --quiet --model $attention 2> err || fail "train: $(cat err)"
    "$dragoman" translate --model $attention <<< "$sentence" > translation
    start $attention
    ask translate -d "[\"$sentence\"]" | grep -qF "\"text\":\"$(cat translation)\"" || fail "$attention does not translate"
    if [ $attention = none ]; then
        refused "alignment of what looks at nothing" 400 '"alignment asks which source pieces' \
            translate -d "{\"lines\": [\"$sentence\"], \"alignment\": true}"
        refused "attention of what looks at nothing" 400 "looks at none" attention -d "{\"line\": \"$sentence\"}"
        ask info | grep -q '"alignment":false' || fail "it does not say that it aligns nothing: $(ask info)"
        ask translate -d "[\"$sentence\"]" | grep -q '"text"' || fail "after these it does not answer"
    else
        ask info | grep -q '"alignment":true' || fail "it does not say that it aligns: $(ask info)"
    fi
    [ -z "$browser" ] || python3 -B "$here/serve_rnn_page.py" "$browser" "$address" "$sentence" "$(cat translation)" $attention ||
        fail "the page of $attention in $browser"
    stop TERM
done

[ $failures = 0 ] || exit 1
