"""Line charts as SVG, without a library."""
import html
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 70, 190, 30, 50
COLOURS = ["#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280", "#718096", "#d69e2e", "#319795"]


def ticks(low, high, logarithmic):
    if logarithmic:
        return [10.0 ** e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
                if low <= 10.0 ** e <= high] or [low, high]
    step = 10.0 ** math.floor(math.log10((high - low) or 1))
    step *= next(factor for factor in (0.1, 0.2, 0.5, 1, 2) if (high - low) / (step * factor) <= 8)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


class Axis:
    def __init__(self, values, logarithmic, first, last):
        self.logarithmic, self.first, self.last = logarithmic, first, last
        self.low, self.high = min(values), max(values)
        if self.low == self.high:
            self.high = self.low + (abs(self.low) or 1)

    def at(self, value):
        low, high, value = (map(math.log, (self.low, self.high, value)) if self.logarithmic
                            else (self.low, self.high, value))
        return self.first + (value - low) / (high - low) * (self.last - self.first)


def lines(curves, x="", y="", log_x=False, log_y=False, title="", theory=None, mark=None):
    """{name: [(x, y), ...]} -> SVG. Points that are no numbers, or not above 0 on a logarithmic axis, are left out.
    theory: what some of the curves should be, dashed in their colours; mark: (x, text) of a line across."""
    def drawn(points):
        return [(a, b) for a, b in points if math.isfinite(a) and math.isfinite(b) and (a > 0 or not log_x) and
                (b > 0 or not log_y)]
    curves = {name: drawn(points) for name, points in curves.items()}
    theory = {name: drawn(points) for name, points in (theory or {}).items()}
    every = [point for points in (*curves.values(), *theory.values()) for point in points]
    if not every:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    across = Axis([a for a, _ in every], log_x, LEFT, WIDTH - RIGHT)
    up = Axis([b for _, b in every], log_y, HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="18" font-size="14">{html.escape(title)}</text>']
    for value in ticks(across.low, across.high, log_x):
        at = across.at(value)
        out.append(f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e2e8f0"/>'
                   f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value:g}</text>')
    for value in ticks(up.low, up.high, log_y):
        at = up.at(value)
        out.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#e2e8f0"/>'
                   f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{value:g}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{html.escape(x)}</text>'
               f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
               f'{html.escape(y)}</text>')
    if mark and across.low <= mark[0] <= across.high:
        at = across.at(mark[0])
        out.append(f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#a0aec0" stroke-dasharray="2 3"/>'
                   f'<text x="{at + 4:.1f}" y="{TOP + 12}" fill="#718096">{html.escape(mark[1])}</text>')
    for name, points in theory.items():
        place = " ".join(f"{across.at(a):.1f},{up.at(b):.1f}" for a, b in points)
        out.append(f'<polyline points="{place}" fill="none" stroke="{COLOURS[list(curves).index(name) % len(COLOURS)]}" '
                   f'stroke-width="1.5" stroke-dasharray="6 4" opacity="0.7"/>')
    for number, (name, points) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        dash = "" if number < len(COLOURS) else ' stroke-dasharray="5 3"'
        place = " ".join(f"{across.at(a):.1f},{up.at(b):.1f}" for a, b in points)
        out.append(f'<polyline points="{place}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        out += [f'<circle cx="{across.at(a):.1f}" cy="{up.at(b):.1f}" r="2.5" fill="{colour}"/>' for a, b in points
                if len(points) <= 20]
        at = TOP + 10 + 18 * number
        out.append(f'<path d="M{WIDTH - RIGHT + 12} {at}h18" stroke="{colour}" stroke-width="2"{dash}/>'
                   f'<text x="{WIDTH - RIGHT + 36}" y="{at + 4}">{html.escape(name)}</text>')
    return "\n".join(out) + "\n</svg>\n"


def panels(pictures, columns):
    """Several pictures as one, side by side and below one another."""
    wide, high = WIDTH * columns, HEIGHT * math.ceil(len(pictures) / columns)
    placed = [picture.replace("<svg ", f'<svg x="{WIDTH * (i % columns)}" y="{HEIGHT * (i // columns)}" width="{WIDTH}" '
                                       f'height="{HEIGHT}" ', 1) for i, picture in enumerate(pictures)]
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}">\n{"".join(placed)}</svg>\n'
