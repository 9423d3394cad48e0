"""Reads the SAM template and translates it into plain CloudFormation, as a deployment would."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

# SAM accepts code in S3 only; local folders travel through the translator under this pretended bucket.
LOCAL_BUCKET = "local-folder"
_CODE_PROPERTIES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TemplateError(Exception):
    """Raised when the template cannot be read or translated."""


class _Loader(_Base):  # type: ignore[misc]
    """YAML with CloudFormation's short forms (!Ref, !Sub ...)."""


def _short_form(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)
# A scalar like a date (the policy language's version) stays a string, as CloudFormation reads it.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def parse(text: str) -> dict[str, Any]:
    """Parse the text of a template.

    Parameters
    ----------
    text : str
        YAML or JSON.

    Returns
    -------
    dict
        The template with CloudFormation's long forms.

    Raises
    ------
    TemplateError
        When the text is no template.
    """
    try:
        template = yaml.load(text, Loader=_Loader)  # noqa: S506 - the loader derives from the safe one
    except yaml.YAMLError as error:
        raise TemplateError(f"the template is not valid YAML: {error}") from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise TemplateError("the template has no Resources")
    return template


def _pack_code(template: dict[str, Any]) -> None:
    def pack(properties: Any, name: str) -> None:
        value = properties.get(name) if isinstance(properties, dict) else None
        if isinstance(value, str) and not value.startswith("s3://"):
            properties[name] = f"s3://{LOCAL_BUCKET}/{value}"

    for resource in template["Resources"].values():
        name = _CODE_PROPERTIES.get(resource.get("Type", ""))
        if name:
            pack(resource.get("Properties"), name)
    for section, name in (("Function", "CodeUri"), ("LayerVersion", "ContentUri")):
        pack((template.get("Globals") or {}).get(section), name)


def code_path(code: Any) -> str | None:
    """Find the local folder behind a translated code location.

    Parameters
    ----------
    code : Any
        The Code or Content property of a function or a layer.

    Returns
    -------
    str or None
        The path as the template has it; None when the code is not local.
    """
    if isinstance(code, dict) and code.get("S3Bucket") == LOCAL_BUCKET:
        return str(code["S3Key"])
    return None


def _read_by_sam(template: dict[str, Any]) -> set[str]:
    """Return the parameters that tell SAM what else to make: roles have a policy for X-Ray where tracing is on."""
    tracing = ((template.get("Globals") or {}).get("Function") or {}).get("Tracing")
    return {tracing["Ref"]} if isinstance(tracing, dict) and "Ref" in tracing else set()


def _translate(template: dict[str, Any], region: str) -> dict[str, Any]:
    # Imported here because it costs most of a second, and a cached translation does without.
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    session = boto3.Session(region_name=region)
    try:
        translated = Translator({}, Parser(), boto_session=session).translate(template, {})
    except InvalidDocumentException as error:
        causes = "; ".join(str(cause.message) for cause in error.causes) or str(error)
        raise TemplateError(f"the template is not valid SAM: {causes}") from error
    result: dict[str, Any] = translated
    return result


def load(path: Path, region: str, open_parameters: Iterable[str], cache_dir: Path | None = None) -> dict[str, Any]:
    """Read and translate a template.

    Parameters
    ----------
    path : Path
        The template.
    region : str
        The region to translate for.
    open_parameters : iterable of str
        Parameters whose values differ between runs; the translation keeps references to them. One that SAM itself
        reads has its default.
    cache_dir : Path, optional
        Where the translation is kept, because translating takes a second or two.

    Returns
    -------
    dict
        Plain CloudFormation.

    Raises
    ------
    TemplateError
        When the template cannot be read or translated.
    """
    text = path.read_text(encoding="utf-8")
    names = sorted(open_parameters)
    identity = json.dumps([text, region, names, version("aws-sam-translator"), 2])
    cached = cache_dir / f"template-{hashlib.sha256(identity.encode()).hexdigest()[:24]}.json" if cache_dir else None
    if cached and cached.is_file():
        result: dict[str, Any] = json.loads(cached.read_text(encoding="utf-8"))
        return result
    template = parse(text)
    parameters = copy.deepcopy(template.get("Parameters") or {})
    _pack_code(template)
    for name in set(names) - _read_by_sam(template):
        (template.get("Parameters") or {}).get(name, {}).pop("Default", None)
    translated = _translate(template, region)
    translated["Parameters"] = parameters
    if cached:
        cached.parent.mkdir(parents=True, exist_ok=True)
        for old in cached.parent.glob("template-*.json"):
            old.unlink(missing_ok=True)
        partial = cached.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text(json.dumps(translated), encoding="utf-8")
        partial.replace(cached)
    return translated
