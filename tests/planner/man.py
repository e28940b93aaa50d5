# SPDX-License-Identifier: Apache-2.0
"""The manual page's part about the commands: made of --help and of what the examples print.

`man.py --update PROGRAM` writes it anew; the test of the suite says whether it is up to date.
"""

import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "deploy", "man", "switchyard.1")
BEGIN = '.\\" --- commands: made by tests/planner/man.py\n'
END = '.\\" --- end of commands\n'
SHOWN, BEFORE, BEHIND = 44, 36, 4  # lines of an example's output; what is between them is left out


def run(command, program):
    """The command line, "switchyard" being the program under test, in the root of the repository."""
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.abspath(program), os.path.join(folder, "switchyard"))
        path = folder + ":" + os.environ["PATH"]
        return subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True,
                              check=False, timeout=300, env={**os.environ, "PATH": path})


class Help:
    """What --help says of one command."""

    def __init__(self, text):
        head, _, rest = text.partition("\noptions:\n")
        lines = head.splitlines()
        self.usage = lines[0].removeprefix("usage: ")
        self.summary = lines[1]
        self.details = "\n".join(lines[2:]).strip()
        options, _, rest = rest.partition("\nformats of -o: ")
        self.formats, _, rest = rest.partition("\n")
        self.example = re.search(r"^example: (.*)", rest, re.MULTILINE | re.DOTALL).group(1).strip()
        self.options = []
        for line in options.splitlines():
            option = re.match(r"  (?:-(\w), )?--([\w-]+)(?: (\S+))?(?: +(.*))?$", line)
            if option:
                self.options.append([option[1], option[2], option[3], option[4] or ""])
            else:
                self.options[-1][3] = (self.options[-1][3] + " " + line.strip()).strip()


def commands(program):
    """name → Help, in the order of the program's help."""
    names = []
    for line in run("switchyard --help", program).stdout.splitlines():
        match = re.match(r"  (\S+(?: \S+)?)  +\S", line)
        if match and match[1] not in ("completion", "version"):
            names.append(match[1])
    return {name: Help(run(f"switchyard {name} --help", program).stdout) if " " in name or not any(
        other.startswith(name + " ") for other in names) else group_help(name, program)
            for name in names}


def group_help(name, program):
    """A command that is the first word of others too: its own part stands behind theirs."""
    text = run(f"switchyard {name} --help", program).stdout
    return Help(text[text.index("\nor usage: ") + 4:])


def sentences(text):
    """Each on a line of its own, as mdoc wants it."""
    return re.sub(r"(?<=[a-z0-9)'\"])([.;:]?\.) (?=[A-Z])", r"\1\n", text)


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def prose(text):
    """Paragraphs; a line that begins with a blank is shown as it stands."""
    out, literal = [], False
    for line in text.splitlines():
        as_is = line.startswith(" ")
        if as_is != literal:
            out.append(".Bd -literal -compact" if as_is else ".Ed")
            literal = as_is
        if not line:
            out.append(".Pp")
        elif as_is:
            out.append(escape(line))
        else:
            out += map(escape, sentences(line).splitlines())
    if literal:
        out.append(".Ed")
    return out


def option_list(options):
    out = [".Bl -tag -width Ds"]
    for letter, name, arg, text in options:
        names = (f"Fl {letter} , " if letter else "") + f"Fl -{name}"
        text = text[:1].upper() + text[1:] + "."
        out += [f".It {names}" + (f" Ar {arg}" if arg else ""),
                *map(escape, sentences(text).splitlines())]
    return out + [".El"]


def example(command, program):
    ended = run(command, program)
    if ended.returncode > 2:
        raise AssertionError(f"{command}: status {ended.returncode}: {ended.stderr}")
    lines = ended.stdout.splitlines()
    if len(lines) > SHOWN:
        lines = lines[:BEFORE] + ["[...]"] + lines[-BEHIND:]
    return [".Bd -literal", escape("$ " + command), *map(escape, lines), ".Ed",
            f"Exit status {ended.returncode}." if ended.returncode else ".Pp"]


def section(program):
    """The part between BEGIN and END."""
    every = commands(program)
    shared = [tuple(option) for option in every["whatif fit"].options]
    shared = [option for option in shared if option in map(tuple, every["explain"].options)]
    out = [".Sh COMMON OPTIONS", "Of every command, or of those that read a cluster:",
           *option_list(shared), ".Sh COMMANDS"]
    for name, text in every.items():
        own = [option for option in text.options if tuple(option) not in shared]
        summary = text.summary[:1].upper() + text.summary[1:]
        out += [f".Ss {name}", escape(text.usage), ".Pp", escape(summary), ".Pp"]
        if text.details:
            out += [*prose(text.details), ".Pp"]
        if own:
            out += option_list(own)
        out += [f"Forms of the answer: {escape(text.formats.replace('|', ', '))}.",
                *example(text.example, program)]
    return "\n".join(line for i, line in enumerate(out)
                     if line != ".Pp" or (i + 1 < len(out) and
                                          not out[i + 1].startswith((".Pp", ".S", ".B")))
                     ) + "\n"


def parts():
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    head, _, rest = text.partition(BEGIN)
    inside, _, tail = rest.partition(END)
    return head, inside, tail


def update(program):
    head, _, tail = parts()
    text = head + BEGIN + section(program) + END + tail
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    if sys.argv[1:2] != ["--update"] or len(sys.argv) != 3:
        sys.exit("usage: man.py --update PROGRAM")
    update(sys.argv[2])
