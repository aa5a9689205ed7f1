"""The page of `dragoman serve` where the model is recurrent: without attention there is nothing to point at, with it one
picture. Arguments: the browser, the address, a sentence, its translation, none or additive, and if wanted a folder for
screenshots."""
import json, sys

from browser import Browser

browser, address, sentence, translation, attention, *pictures = sys.argv[1:]
looks = attention != "none"
b = Browser(browser, *pictures)


def hidden(id):
    return b.run(f"document.getElementById('{id}').checkVisibility() === false")


try:
    b.size(1280, 800, False)
    b.open(address)
    b.until("document.getElementById('about').textContent")
    assert b.run("document.getElementById('about').textContent").startswith("rnn, 1 + 1 layers, width 16, 13 pieces")
    b.run("document.getElementById('source').focus()")
    b.call("Input.insertText", text=sentence)
    b.until(f"document.getElementById('target').innerText.trim() === {json.dumps(translation.strip())}")
    b.until("document.querySelectorAll('#choices li').length > 1")
    assert hidden("problem") and b.run("!document.querySelector('#target .bad')")
    assert [hidden(id) for id in ("how", "attention")] == [not looks] * 2
    assert b.run("document.querySelectorAll('#target .word').length > 0") == looks
    b.run("document.querySelectorAll('#choices button')[1].click()")  # words of two alternatives are compared
    b.until("document.querySelectorAll('#choices button')[1].getAttribute('aria-pressed') === 'true'")
    if looks:
        b.run("document.getElementById('attention').open = true")
        b.until("document.querySelectorAll('#maps svg').length > 0")
        texts = lambda selector: b.run(f"[...document.querySelectorAll('{selector}')].map((one) => one.textContent)")
        assert texts("#maps .kinds label") == ["Cross-attention"], texts("#maps .kinds label")
        assert texts("#maps .layer > span") == ["layer 1"], texts("#maps .layer > span")
        assert b.run("document.querySelectorAll('#maps .large td').length > 0")
    b.picture(f"serve-rnn-{attention}")
finally:
    b.close()
