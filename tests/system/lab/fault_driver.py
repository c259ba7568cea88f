# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside an instance, sent there as text: one module run after the other, each with one system call that fails or kills.

Its first argument is a JSON object:
    command    the module run, as a list of words
    strace     how strace is started, as a list of words
    reset      shell script that brings the world back to where it was
    ours       texts of which one stands in a traced line when the call is about a file that counts
    roots      files and folders that make up the world
    settle     shell script that waits for what the run has left to be done by others; may be missing
    logins     list of commands that must work after whatever happened
    leftovers  shell script that says what the next run should have removed; may be missing
    points     null: trace a run that nothing disturbs, otherwise a list of {"call", "number", "fault"}
It prints a JSON list. Python 3.6, standard library only.
"""

import glob
import json
import os
import re
import stat
import subprocess
import sys

CALLS = (
    "openat,write,pwrite64,writev,fsync,fdatasync,ftruncate,?truncate,?rename,renameat,?renameat2,?unlink,unlinkat,?rmdir,?link,linkat,"
    "?symlink,symlinkat,?mkdir,mkdirat,?mknod,mknodat,?chmod,fchmod,fchmodat,?chown,?lchown,fchown,fchownat,setxattr"
)
CHANGES = re.compile(r"O_CREAT|^(?!openat)")
LOG = "/run/lab-strace.log"


def run(command, shell=False):
    process = subprocess.Popen(command, shell=shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/")
    output = process.communicate()[0]
    return process.returncode, output.decode("utf-8", "replace").strip()


def look(path):
    status = os.lstat(path)
    content = None
    if stat.S_ISREG(status.st_mode):
        with open(path, "rb") as stream:
            content = stream.read().decode("latin-1")
    return [stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, content]


def look_around(roots):
    found = {}
    for pattern in roots:
        for root in glob.glob(pattern):
            found[root] = look(root)
            for folder, folders, files in os.walk(root):
                for name in folders + files:
                    path = os.path.join(folder, name)
                    found[path] = look(path)
    return found


def answer_of(output):
    for line in output.splitlines():
        if line.startswith("{"):
            return json.loads(line)
    return None


def soundness():
    judges = {"passwd": ["pwck", "-r", "-q"], "group": ["grpck", "-r"], "sudoers": ["visudo", "-c", "-q"]}
    said = {name: run(command) for name, command in judges.items()}
    return {name: text or str(code) for name, (code, text) in said.items() if code}


def try_logins(commands):
    started = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for command in commands]
    said = [process.communicate()[0].decode("utf-8", "replace") for process in started]
    return [" ".join(command[-2:]) + ": " + text for command, process, text in zip(commands, started, said) if process.returncode]


def traced(order, inject):
    options = ["-y", "-s", "0", "-o", LOG, "-e", "trace=" + CALLS] + (["-e", "inject=" + inject] if inject else [])
    code, output = run(order["strace"] + options + order["command"])
    with open(LOG, errors="replace") as stream:
        return code, output, stream.read().splitlines()


def find_points(order):
    """The calls of an undisturbed run that change what counts: name, number among its like, the traced line."""
    run(order["reset"], shell=True)
    before = look_around(order["roots"])
    _code, output, lines = traced(order, "")
    counts, points = {}, []
    for line in lines:
        call = line.partition("(")[0]
        counts[call] = counts.get(call, 0) + 1
        if CHANGES.search(line) and any(text in line for text in order["ours"]):
            points.append({"call": call, "number": counts[call], "line": line})
    return {"points": points, "before": before, "after": look_around(order["roots"]), "answer": answer_of(output), "output": output}


def suffer(order, point):
    """One run with a fault, what it left, and what the next run makes of it."""
    run(order["reset"], shell=True)
    code, output, lines = traced(order, "%s:%s:when=%d" % (point["call"], point["fault"], point["number"]))
    met = [line for line in lines if "INJECTED" in line or "killed by" in line]
    run(order.get("settle", ":"), shell=True)
    left = look_around(order["roots"])
    report = dict(
        point,
        code=code,
        output=output,
        answer=answer_of(output),
        met=(lines[-2:] if "SIGKILL" in point["fault"] else met),
        left=left,
        unsound=soundness(),
        refused=try_logins(order["logins"]),
    )
    code, output = run(order["command"])
    leftovers = run(order.get("leftovers", ":"), shell=True)[1]
    return dict(report, again=answer_of(output), again_output=output, healed=look_around(order["roots"]), leftovers=leftovers)


def main():
    order = json.loads(sys.argv[1])
    points = order["points"]
    print(json.dumps([find_points(order)] if points is None else [suffer(order, point) for point in points]))


if __name__ == "__main__":
    main()
