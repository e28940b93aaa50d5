#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""schema.py SCHEMA FILE...: does each JSON file keep to the JSON Schema? Knows the keywords that
deploy/schemas uses; another one is an error, so that no rule is passed over in silence."""
import json
import re
import sys

ABOUT = {"$schema", "$id", "$defs", "title", "description", "examples", "default"}
KNOWN = ABOUT | {
    "$ref", "type", "properties", "required", "additionalProperties", "patternProperties",
    "propertyNames", "items", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "pattern",
    "format", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "uniqueItems",
    "oneOf", "anyOf", "allOf", "not", "if", "then", "else"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


def is_a(value, name):
    if name == "null":
        return value is None
    if name == "integer":
        return not isinstance(value, bool) and (
            isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def equal(a, b):
    return type(a) is type(b) and a == b


class Checker:
    def __init__(self, root):
        self.root = root

    def resolve(self, ref):
        if not ref.startswith("#"):
            raise ValueError(f"$ref {ref!r}: only places in the same file")
        at = self.root
        for part in ref[1:].split("/")[1:]:
            at = at[part.replace("~1", "/").replace("~0", "~")]
        return at

    def check(self, schema, value, path=""):
        """Texts of what is wrong, in the order of the document."""
        if schema is True:
            return []
        if schema is False:
            return [f"{path or '/'}: nothing may stand here"]
        unknown = set(schema) - KNOWN
        if unknown:
            raise ValueError(f"schema at {path or '/'}: unknown keywords {sorted(unknown)}")
        found = []
        if "$ref" in schema:
            found += self.check(self.resolve(schema["$ref"]), value, path)
        for rule in (self.plain, self.text, self.members, self.elements, self.mixed):
            found += rule(schema, value, path)
        return found

    def plain(self, schema, value, path):
        found, at = [], path or "/"
        if "type" in schema:
            names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            if not any(is_a(value, name) for name in names):
                found.append(f"{at}: expected {' or '.join(names)}, got {json.dumps(value)[:60]}")
        if "const" in schema and not equal(value, schema["const"]):
            found.append(f"{at}: expected {json.dumps(schema['const'])}")
        if "enum" in schema and not any(equal(value, e) for e in schema["enum"]):
            found.append(f"{at}: {json.dumps(value)[:60]} is none of {schema['enum']}")
        if is_a(value, "number"):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                found.append(f"{at}: {value} is out of range")
            if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
                found.append(f"{at}: {value} is out of range")
        return found

    def text(self, schema, value, path):
        if not isinstance(value, str):
            return []
        found = []
        if "pattern" in schema and not re.search(schema["pattern"], value):
            found.append(f"{path or '/'}: {value[:60]!r} is not like {schema['pattern']}")
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            found.append(f"{path or '/'}: {len(value)} characters")
        return found

    def members(self, schema, value, path):
        if not isinstance(value, dict):
            return []
        found = [f"{path or '/'}: `{key}` is required" for key in schema.get("required", [])
                 if key not in value]
        if len(value) < schema.get("minProperties", 0):
            found.append(f"{path or '/'}: {len(value)} members")
        for key, member in value.items():
            at = f"{path}/{key}"
            rules = [r for p, r in schema.get("patternProperties", {}).items() if re.search(p, key)]
            if key in schema.get("properties", {}):
                rules.append(schema["properties"][key])
            if "propertyNames" in schema:
                found += self.check(schema["propertyNames"], key, at)
            if not rules and "additionalProperties" in schema:
                rules = [schema["additionalProperties"]]
                if rules == [False]:
                    found.append(f"{at}: unknown member")
                    continue
            for rule in rules:
                found += self.check(rule, member, at)
        return found

    def elements(self, schema, value, path):
        if not isinstance(value, list):
            return []
        found = []
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{path or '/'}: {len(value)} items")
        if schema.get("uniqueItems") and any(
                equal(a, b) for i, a in enumerate(value) for b in value[:i]):
            found.append(f"{path or '/'}: items are not unique")
        if "items" in schema:
            for i, item in enumerate(value):
                found += self.check(schema["items"], item, f"{path}/{i}")
        return found

    def mixed(self, schema, value, path):
        found, at = [], path or "/"
        for part in schema.get("allOf", []):
            found += self.check(part, value, path)
        if "anyOf" in schema and all(self.check(s, value, path) for s in schema["anyOf"]):
            found.append(f"{at}: matches none of anyOf")
        if "oneOf" in schema:
            n = sum(not self.check(s, value, path) for s in schema["oneOf"])
            if n != 1:
                found.append(f"{at}: matches {n} of oneOf")
        if "not" in schema and not self.check(schema["not"], value, path):
            found.append(f"{at}: matches what it must not")
        if "if" in schema:
            branch = "else" if self.check(schema["if"], value, path) else "then"
            found += self.check(schema.get(branch, True), value, path)
        return found


def check(schema, value):
    return Checker(schema).check(schema, value)


def main(argv):
    if len(argv) < 3:
        print(__doc__, file=sys.stderr)
        return 64
    with open(argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    bad = 0
    for name in argv[2:]:
        with (sys.stdin if name == "-" else open(name, encoding="utf-8")) as file:
            found = check(schema, json.load(file))
        for text in found[:20]:
            print(f"{name}: {text}")
        bad += bool(found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
