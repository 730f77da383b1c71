"""Prepares recorded exchanges for the validators, and reads what one of them found. Used by `.ci/contract`.

split OUT LOG...        OUT/graph.jsonl and OUT/arm.jsonl
matched LOG SWAGGER     every exchange must be an operation of the definitions
judge REPORT LOG        the report must have no errors, and must have covered something
"""

import json
import pathlib
import re
import sys
from urllib.parse import unquote, urlsplit

GRAPH = ("/v1.0/", "/beta/")
ARM = "/providers/Microsoft.Authorization/"
# What the definitions at hand describe; the rest of Resource Manager has definitions of its own.
OF_PIM = re.compile(r"(?i)/(role(Eligibility|Assignment)Schedule\w*|roleManagementPolic\w+|eligibleChildResources)(/|$)")
VERSION = "2020-10-01"


def lines(sources):
    """The exchanges of files, and of the files in folders."""
    files = []
    for source in map(pathlib.Path, sources):
        files += sorted(source.glob("**/*.jsonl")) if source.is_dir() else [source]
    for file in files:
        with file.open(encoding="utf-8") as log:
            for line in log:
                if line.strip():
                    yield json.loads(line)


def split(out, sources):
    """Sorts by service; a batch stays whole. Of what was refused only the answer counts: tests ask wrongly on purpose."""
    seen = {"graph": {}, "arm": {}}
    for exchange in lines(sources):
        if exchange["status"] >= 400:
            exchange["b"] = None
        url = urlsplit(exchange["p"])
        line = json.dumps(exchange)
        if url.path.startswith(GRAPH):
            seen["graph"][line] = None
        elif ARM in url.path and OF_PIM.search(url.path) and f"api-version={VERSION}" in url.query:
            # A refused PUT without its body would lack what the definitions demand of it.
            if exchange["status"] < 400 or exchange["m"] not in ("PUT", "PATCH", "POST"):
                seen["arm"][line] = None
    for service, found in seen.items():
        path = pathlib.Path(out, f"{service}.jsonl")
        path.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
        print(f"contract: {len(found)} different exchanges with {service}")
        if not found:
            sys.exit(f"contract: no exchange with {service} was recorded")


def matched(log, swagger):
    """A path that the definitions do not have would be passed over in silence."""
    known = []
    for file in pathlib.Path(swagger).glob("*.json"):
        for path, operations in json.loads(file.read_text(encoding="utf-8")).get("paths", {}).items():
            pattern = re.escape(path).replace(r"/\{scope\}", "(/.+)?")
            pattern = re.sub(r"\\\{\w+\\\}", r"[^/]+", pattern)
            known += [(method.upper(), re.compile(f"(?i)^{pattern}$")) for method in operations]
    strange = [
        f"{exchange['m']} {exchange['p']}"
        for exchange in lines([log])
        if exchange["status"] < 400
        and not any(
            method == exchange["m"] and pattern.match(unquote(urlsplit(exchange["p"]).path))
            for method, pattern in known
        )
    ]
    if strange:
        print(*strange[:20], sep="\n")
        sys.exit(f"contract: {len(strange)} exchanges are no operation of the definitions")


def judge(report, log):
    """The tool's exit code says nothing, its report does."""
    found = json.loads(pathlib.Path(report).read_text(encoding="utf-8"))
    for error in found["errors"]:
        where = f"{error.get('operationId')} ({error.get('issueSource')})"
        print(f"{where}: {error.get('errorCode')}: {error.get('errorMessage')}; {error.get('schemaPathWithPosition')}")
    count = sum(1 for _ in lines([log]))
    print(f"{count} exchanges checked, {len(found['errors'])} violations, {found['coveredOperations']} operations covered")
    if found["errors"] or not count or not found["coveredOperations"]:
        sys.exit("contract: the exchanges with Azure Resource Manager are not as defined")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "split":
        split(arguments[0], arguments[1:])
    elif command == "matched":
        matched(*arguments)
    else:
        judge(*arguments)
