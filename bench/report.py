"""Tables, results.md and the chart, from what a run has measured."""

import datetime
import os
import platform
import statistics
import subprocess

import goals
import sides

SIDES = ("limit", "isolation", "before", "smtpd-auth", "smtpd-auth-unprivileged",
         "mailfront", "postfix", "postfix-dovecot")

# figure, heading, format, ratios wanted
COLUMNS = (
    ("cpu", "CPU us", "%.0f", True),
    ("rate", "/s", "%.0f", False),
    ("p50", "p50 us", "%.0f", False),
    ("p99", "p99 us", "%.0f", False),
    ("mb_s", "MB/s", "%.0f", False),
    ("pss", "PSS KB", "%.1f", True),
    ("processes", "processes", "%.2f", False),
    ("seconds", "seconds", "%.2f", False),
    ("rss", "peak KB", "%.0f", False),
)


class Results:
    """(scenario, tls, clients) -> side -> figure -> one value a round."""

    def __init__(self):
        self.rows = {}
        self.steps = []     # (what, microseconds)
        self.failures = []

    def add(self, row, side, figures):
        kept = self.rows.setdefault(row, {}).setdefault(side, {})
        for name, value in figures.items():
            kept.setdefault(name, []).append(value)

    def fail(self, row, side, reason):
        self.failures.append((row, side, reason))

    def median(self, row, side, figure):
        values = self.rows.get(row, {}).get(side, {}).get(figure)
        return statistics.median(values) if values else None

    def ratio(self, row, side, figure, other):
        """To another side; or, of lookups, to those among ten users."""
        mine = self.median(row, side, figure)
        theirs = (self.median(row[:2] + (10,), side, figure)
                  if other == "10 users" else
                  self.median(row, other, figure))
        return mine / theirs if mine is not None and theirs else None

    def plain(self):
        return [{"scenario": row[0], "tls": row[1], "n": row[2], "side": side,
                 "figures": figures}
                for row, by_side in self.rows.items()
                for side, figures in by_side.items()]


def row_title(row):
    scenario, tls, n = row
    what = {"lookup": "users", "build": "users",
            "idle": "connections"}.get(scenario, "at once")
    return "%s, %s %s" % ("TLS (%s key)" % tls.upper() if tls else "clear",
                          format(n, ","), what)


def cell(value, form):
    return "-" if value is None else form % value


def columns_of(results, rows):
    names = {name for row in rows for by in results.rows[row].values()
             for name in by}
    return [c for c in COLUMNS if c[0] in names]


def table(results, scenario):
    rows = [r for r in results.rows if r[0] == scenario]
    columns = columns_of(results, rows)
    head = ["", "side"]
    for _, heading, _, ratios in columns:
        head += [heading]
        if ratios and scenario not in ("lookup", "build"):
            head += ["min-max", "/ limit", "/ postfix"]
    lines = [head]
    for row in rows:
        for side in SIDES:
            by = results.rows[row].get(side)
            if by is None:
                continue
            line = [row_title(row), side]
            for name, _, form, ratios in columns:
                line.append(cell(results.median(row, side, name), form))
                if ratios and scenario not in ("lookup", "build"):
                    line.append("%s-%s" % (form % min(by[name]),
                                           form % max(by[name])))
                    postfix = ("postfix-dovecot" if "postfix-dovecot" in
                               results.rows[row] else "postfix")
                    line += [cell(results.ratio(row, side, name, other),
                                  "%.2f") for other in ("limit", postfix)]
            lines.append(line)
    return lines


def aligned(lines):
    """As Markdown, and to be read as it is."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    out = []
    for n, line in enumerate(lines):
        out.append("| " + " | ".join(
            text.ljust(width) if i < 2 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths))) + " |")
        if n == 0:
            out.append("|" + "|".join(
                "-" * (w + 2) if i < 2 else "-" * (w + 1) + ":"
                for i, w in enumerate(widths)) + "|")
    return "\n".join(out)


def goal_lines(results):
    lines = [["scenario", "", "figure", "goal", "measured", ""]]
    both = ([(g, "at most") for g in goals.AT_MOST] +
            [(g, "at least") for g in goals.AT_LEAST])
    for (row, figure, other, bound), kind in both:
        value = (results.median(row, "smtpd-auth", figure) if other is None
                 else results.ratio(row, "smtpd-auth", figure, other))
        if value is None:
            continue
        met = value <= bound if kind == "at most" else value >= bound
        names = {name: heading for name, heading, _, _ in COLUMNS}
        lines.append([row[0], row_title(row),
                      names[figure] + (" / " + other if other else ""),
                      "%s %g" % (kind, bound), "%.4g" % value,
                      "met" if met else "MISSED"])
    return lines


def tables(results):
    parts = []
    for scenario, title in goals.TITLES.items():
        if any(row[0] == scenario for row in results.rows):
            parts += ["## %s (`%s`)" % (title, scenario), "",
                      aligned(table(results, scenario)), ""]
    if results.steps:
        parts += ["## Single steps, warm, in microseconds (`steps`)", "",
                  aligned([["step", "", "us"]] +
                          [[what, "", "%.1f" % us]
                           for what, us in results.steps]), ""]
    lines = goal_lines(results)
    if len(lines) > 1:
        parts += ["## Goals", "", aligned(lines), ""]
    if results.failures:
        parts += ["## Failed", ""] + [
            "- %s, %s: %s: %s" % (row[0], row_title(row), side, reason)
            for row, side, reason in results.failures] + [""]
    return "\n".join(parts)


def first_match(path, start):
    try:
        with open(path) as file:
            for line in file:
                if line.startswith(start):
                    return line.partition(":")[2].strip() or \
                        line.partition("=")[2].strip().strip('"')
    except OSError:
        pass
    return "unknown"


def output(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True,
                              cwd=sides.TOP).stdout.strip() or "unknown"
    except OSError:
        return "unknown"


def machine(arguments, versions):
    import meter
    kind = meter.Meter()
    how = kind.kind
    kind.close()
    lines = [
        "Date: " + datetime.datetime.now(datetime.timezone.utc).strftime(
            "%Y-%m-%d %H:%M UTC"),
        "Machine: %s, %d CPUs, %s KB, Linux %s, %s" % (
            first_match("/proc/cpuinfo", "model name"), os.cpu_count(),
            first_match("/proc/meminfo", "MemTotal").split()[0],
            platform.release(), first_match("/etc/os-release", "PRETTY_NAME")),
        "smtpd-auth: %s, commit %s" % (
            output("./smtpd-auth", "-V"),
            output("git", "describe", "--always", "--dirty")),
        "Rounds: %d, medians; CPU time by %s" % (arguments.rounds, how),
    ]
    return lines + versions


def markdown(results, arguments, versions):
    return "\n".join(
        ["# Results of make bench", "",
         "Written by `bench/run`; what the words mean stands in README. "
         "Compare within one run only.", ""] +
        ["- " + line for line in machine(arguments, versions)] +
        ["", tables(results)])


CHART = (
    ("connect, 20 at once", ("connect", None, 20)),
    ("AUTH + 2 KB, 1 client", ("message", None, 1)),
    ("AUTH + 2 KB, 20 at once", ("message", None, 20)),
    ("ten pipelined messages", ("pipeline", None, 1)),
    ("TLS (EC) + AUTH + 2 KB", ("tls-message", "ec", 20)),
    ("a phone: TLS (EC), default secret", ("phone", "ec", 20)),
    ("200 MB by DATA", ("big-data", None, 1)),
)
COLOURS = {"limit": "#9aa5b1", "isolation": "#8d7bb0",
           "smtpd-auth": "#1f6f54",
           "smtpd-auth-unprivileged": "#7fb9a4", "mailfront": "#c98a3a",
           "postfix": "#4a6fa5", "postfix-dovecot": "#6f8fc0"}
BAR, GAP, LEFT, SCALE, RIGHT = 14, 18, 190, 70, 620


def text(x, y, words, anchor="start"):
    return ('<text x="%d" y="%d" text-anchor="%s">%s</text>'
            % (x, y, anchor, words))


def chart(results):
    """CPU time of each side over that of the limit, as bars."""
    parts, y = [], 44
    for title, row in CHART:
        shown = [(s, results.ratio(row, s, "cpu", "limit")) for s in COLOURS]
        shown = [(s, r) for s, r in shown if r is not None]
        if not shown:
            continue
        parts.append(text(LEFT - 8, y + BAR * len(shown) // 2 + 4, title,
                          "end"))
        for side, ratio in shown:
            # A bar that would leave the page is cut; its number tells.
            width = min(ratio * SCALE, RIGHT - LEFT - 50)
            parts.append('<rect x="%d" y="%d" width="%.1f" height="%d" '
                         'fill="%s"/>' % (LEFT, y, width, BAR - 2,
                                          COLOURS[side]))
            parts.append(text(LEFT + width + 5, y + BAR - 4, "%.2f" % ratio))
            y += BAR
        y += GAP
    x = 10
    for side in COLOURS:
        parts.append('<rect x="%d" y="22" width="10" height="10" '
                     'fill="%s"/>' % (x, COLOURS[side]))
        parts.append(text(x + 14, 31, side))
        x += 40 + 6 * len(side)
    return "\n".join(
        ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
         'font-family="sans-serif" font-size="11">' % (RIGHT, y),
         '<rect width="100%" height="100%" fill="#ffffff"/>',
         text(10, 14, "CPU time a session, whole process tree; "
              "limit = 1 (shorter is better)")] + parts + ["</svg>", ""])
