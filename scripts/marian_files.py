"""What scripts/marian_npz.py reads and writes: tensors, in Marian's model.npz and in safetensors; as much of YAML as Marian
writes; vocabularies, and the pieces of a SentencePiece model. By Python alone."""
import array
import json
import math
import re
import struct
import sys
import zipfile

EOS, UNKNOWN, PAD = "</s>", "<unk>", "<pad>"
SPECIAL = "special:model.yml"


def refuse(text):
    sys.exit(f"marian_npz.py: {text}")


# ---- Tensors: rows of floats ----------------------------------------------------------------------------------------


class Tensor:
    def __init__(self, rows, cols, values):
        self.rows, self.cols, self.values = rows, cols, values

    def transposed(self):
        turned = array.array("f")
        for column in range(self.cols):
            turned.extend(self.values[column::self.cols])
        return Tensor(self.cols, self.rows, turned)

    def with_row(self, at, value):
        cut = at * self.cols
        return Tensor(self.rows + 1, self.cols,
                      self.values[:cut] + array.array("f", [value]) * self.cols + self.values[cut:])

    def chosen(self, rows):
        values = array.array("f")
        for row in rows:
            values.extend(self.values[row * self.cols:(row + 1) * self.cols])
        return Tensor(len(rows), self.cols, values)

    def part(self, row, column, rows, cols):
        values = array.array("f")
        for i in range(row, row + rows):
            values.extend(self.values[i * self.cols + column:i * self.cols + column + cols])
        return Tensor(rows, cols, values)


def zeros(rows, cols):
    return Tensor(rows, cols, array.array("f", bytes(4 * rows * cols)))


def identity(width):
    made = zeros(width, width)
    made.values[::width + 1] = array.array("f", [1]) * width
    return made


def in_blocks(one, other):
    """[[one, 0], [0, other]]"""
    left, right = array.array("f", bytes(4 * one.cols)), array.array("f", bytes(4 * other.cols))
    values = array.array("f")
    for row in range(one.rows):
        values += one.values[row * one.cols:(row + 1) * one.cols] + right
    for row in range(other.rows):
        values += left + other.values[row * other.cols:(row + 1) * other.cols]
    return Tensor(one.rows + other.rows, one.cols + other.cols, values)


def floats(kind, data):
    """Of little-endian bytes."""
    if kind == "f4":
        values = array.array("f", data)
        if sys.byteorder == "big":
            values.byteswap()
        return values
    if kind == "f2":
        return array.array("f", struct.unpack(f"<{len(data) // 2}e", data))
    wide = bytearray(2 * len(data))  # bfloat16: the upper half of a float
    wide[2::4], wide[3::4] = data[::2], data[1::2]
    return floats("f4", bytes(wide))


def raw(tensor):
    values = tensor.values[:]
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


# ---- Files of tensors -----------------------------------------------------------------------------------------------


def read_npz(path):
    """The tensors, and what special:model.yml says."""
    tensors, options = {}, None
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        refuse(f"{path} cannot be opened as Marian's model.npz: {error}")
    for member in archive.namelist():
        name, data = member.removesuffix(".npy"), archive.read(member)
        if data[:6] != b"\x93NUMPY":
            refuse(f"{path}: {member} is not an array of numpy's, so this is not Marian's model.npz")
        size = struct.unpack("<H", data[8:10])[0] if data[6] == 1 else struct.unpack("<I", data[8:12])[0]
        begin = (10 if data[6] == 1 else 12) + size
        header = data[10 if data[6] == 1 else 12:begin].decode("latin-1")
        said = re.search(r"'descr': *'([^']*)', *'fortran_order': False, *'shape': *\(([\d, ]*)\)", header)
        if not said:
            refuse(f"{path}: {member} is not an array as Marian writes it, one row behind the other")
        kind, shape = said.group(1), [int(n) for n in said.group(2).split(",") if n.strip()]
        if name.startswith("special:"):
            if name == SPECIAL:
                options = read_yaml(data[begin:].rstrip(b"\0").decode("utf-8"), path)
        elif kind not in ("<f4", "<f2"):
            refuse(f"{path}: {name} has numbers of type {kind}; what can be read is the model before it was converted "
                   "(float32 or float16)")
        else:
            if not shape or len(data) - begin != int(kind[-1]) * math.prod(shape):
                refuse(f"{path}: {name} has {len(data) - begin} bytes, and its shape is {shape}: the file is damaged")
            tensors[name] = Tensor(shape[0] if len(shape) > 1 else 1, shape[-1], floats(kind[1:], data[begin:]))
    if options is None:
        refuse(f"{path} has no {SPECIAL}, in which Marian says what the model is")
    return tensors, options


def write_npz(path, tensors, options):
    """As numpy does without compression, which is all that Marian reads."""
    text = "".join(f"{key}: {as_yaml(value)}\n" for key, value in options.items()).encode() + b"\0"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        def add(name, kind, shape, data):
            header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
            header += " " * (-(11 + len(header)) % 16) + "\n"
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"),
                             b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)

        for name, tensor in tensors.items():
            add(name, "<f4", (tensor.rows, tensor.cols), raw(tensor))
        add(SPECIAL, "|i1", (len(text),), text)


def read_safetensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name == "__metadata__":
            continue
        kind = {"F32": "f4", "F16": "f2", "BF16": "b2"}.get(entry["dtype"])
        if not kind:
            refuse(f"{path}: {name} is {entry['dtype']}: give the folder that this one was made of by dragoman quantize")
        begin, end = entry["data_offsets"]
        shape = entry["shape"]
        tensors[name] = Tensor(shape[0] if len(shape) > 1 else 1, shape[-1], floats(kind, data[8 + size + begin:8 + size + end]))
    return tensors


def write_safetensors(path, tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        shape = [tensor.cols] if name.endswith((".bias", "norm.weight")) else [tensor.rows, tensor.cols]
        size = 4 * tensor.rows * tensor.cols
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(raw(tensor))


# ---- YAML, as much of it as Marian writes ----------------------------------------------------------------------------

ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", "N": "\x85",
           "_": "\xa0", "L": "\u2028", "P": "\u2029"}


def scalar(text):
    text = text.strip()
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text.startswith('"'):
        return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)",
                      lambda found: chr(int(found[1][1:], 16)) if len(found[1]) > 1 else ESCAPES.get(found[1], found[1]),
                      text[1:-1])
    return text


def read_yaml(text, path):
    """Keys, each with a scalar or a list of them: beside it, or indented on lines below."""
    found, key = {}, None

    def value(text):
        text = text.strip()
        return [scalar(word) for word in text[1:-1].split(",") if word.strip()] if text.startswith("[") else scalar(text)

    for line in text.splitlines():
        inner = line.strip()
        if not inner or inner.startswith("#") or inner in ("---", "..."):
            continue
        if inner.startswith("- ") and key:
            found[key] = (found[key] or []) + [scalar(inner[2:])]
        elif line[0] == " " and key:
            found[key] = value(inner)
        elif ":" in line:
            key, _, rest = line.partition(":")
            found[key] = value(rest)
        else:
            refuse(f"{path}: \"{inner[:60]}\" is none of Marian's options")
    return found


def as_yaml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value) if value != "" else '""'


# ---- Vocabularies: lists of pieces -----------------------------------------------------------------------------------


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def as_varint(value):
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


def fields(data, path):
    """(number, its bytes with what introduces it, its bytes) of a message of protocol buffers."""
    at = 0
    try:
        while at < len(data):
            begin = at
            key, at = varint(data, at)
            if key & 7 == 0:
                _, end = varint(data, at)
            elif key & 7 == 2:
                size, at = varint(data, at)
                end = at + size
            else:
                end = at + {1: 8, 5: 4}[key & 7]
            if end > len(data):
                raise IndexError
            yield key >> 3, data[begin:end], data[at:end]
            at = end
    except (IndexError, KeyError):
        refuse(f"{path} is not a SentencePiece model")


class SentencePiece:
    def __init__(self, path):
        self.path, self.data = path, path.read_bytes()
        self.entries, self.rest = {}, b""  # of each piece its message; all else
        for number, whole, inner in fields(self.data, path):
            if number == 1:
                piece = next(text for n, _, text in fields(inner, path) if n == 1).decode("utf-8")
                self.entries[piece] = whole
            else:
                self.rest += whole
        if not self.entries:
            refuse(f"{path} is not a SentencePiece model: it has no pieces")

    def with_ids(self, pieces):
        """The same model with these pieces, in which the end of a sentence is one; None: it lacks some of them."""
        end = EOS.encode()
        entry = b"\x0a" + as_varint(len(end)) + end + b"\x18\x03"  # a control symbol
        entries = {EOS: b"\x0a" + as_varint(len(entry)) + entry, **self.entries}
        if not all(piece in entries for piece in pieces):
            return None
        return b"".join(entries[piece] for piece in pieces) + self.rest


def read_vocabulary(path):
    """The pieces in the order of their ids, and the SentencePiece model if that is what it is."""
    if not path.exists():
        refuse(f"there is no vocabulary {path}: name both with --vocabs")
    if path.suffix == ".spm":
        model = SentencePiece(path)
        return list(model.entries), model
    text = path.read_text(encoding="utf-8")
    if path.suffix not in (".yml", ".yaml", ".json"):
        return text.removesuffix("\n").split("\n"), None
    ids = json.loads(text) if text.lstrip().startswith("{") else yaml_pieces(text, path)
    pieces = [""] * (max(ids.values()) + 1)
    for piece, number in ids.items():
        pieces[number] = piece
    for number, piece, old in (0, EOS, "eos"), (1, UNKNOWN, "UNK"):  # Nematus's names, which Marian knows, too
        if piece not in ids and number < len(pieces) and pieces[number] in ("", old):
            pieces[number] = piece
    return pieces, None


def yaml_pieces(text, path):
    ids, piece = {}, None
    for line in text.split("\n"):
        if not line.strip():
            continue
        if line.startswith("? "):
            piece = scalar(line[2:])
            continue
        before, _, number = line.rpartition(":")
        if not number.strip().isdigit():
            refuse(f"{path}: \"{line[:60]}\" is no piece and its id")
        ids[scalar(before) if before.strip() else piece] = int(number)
    return ids


def write_vocabulary(path, pieces):
    """YAML that is JSON."""
    path.write_text("{\n" + ",\n".join(f"{json.dumps(piece, ensure_ascii=False)}: {i}" for i, piece in enumerate(pieces))
                    + "\n}\n", encoding="utf-8")
