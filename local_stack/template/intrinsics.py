"""Resolves CloudFormation's parameters, conditions and intrinsic functions to plain values."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from local_stack.settings import StartError

_LOGIC = ("Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or")
_REFERENCE = re.compile(r"\$\{(!?)([^}]*)\}")


class IntrinsicError(StartError):
    """Raised when a template refers to something that does not exist, or uses an unknown function."""


class NoValue:
    """The value of AWS::NoValue: a property with it is left out."""


NO_VALUE = NoValue()


def _check_parameter(name: str, declaration: Mapping[str, Any], value: str) -> None:
    allowed = [
        str(each).lower() if isinstance(each, bool) else str(each) for each in declaration.get("AllowedValues", [])
    ]
    if allowed and value not in allowed:
        raise IntrinsicError(f"parameter {name} must be one of {', '.join(allowed)}, not {value!r}")
    if declaration.get("Type") != "Number":
        return
    try:
        number = float(value)
    except ValueError as error:
        raise IntrinsicError(f"parameter {name} must be a number, not {value!r}") from error
    if not float(declaration.get("MinValue", number)) <= number <= float(declaration.get("MaxValue", number)):
        raise IntrinsicError(f"parameter {name} is out of its range: {value}")


class Resolver:
    """Resolves values of one translated template.

    Parameters
    ----------
    template : dict
        Plain CloudFormation.
    parameters : mapping of str to str
        Values for parameters; others take their default.
    pseudo : mapping of str to Any
        Values of AWS::Region and its kin.
    attribute : callable
        Called with a logical id and an attribute (None for Ref); gives the resource's value.

    Raises
    ------
    IntrinsicError
        When a parameter has neither a value nor a default, or one that it does not allow, or an override names no
        parameter.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        pseudo: Mapping[str, Any],
        attribute: Callable[[str, str | None], Any],
    ) -> None:
        self._resources: Mapping[str, Any] = template.get("Resources") or {}
        self._conditions: Mapping[str, Any] = template.get("Conditions") or {}
        self._mappings: Mapping[str, Any] = template.get("Mappings") or {}
        self._pseudo = pseudo
        self._attribute = attribute
        self._decided: dict[str, bool] = {}
        self.parameters: dict[str, Any] = {}
        declared: Mapping[str, Any] = template.get("Parameters") or {}
        unknown = sorted(set(parameters) - set(declared))
        if unknown:
            raise IntrinsicError(f"the template has no parameter {', '.join(unknown)}")
        for name, declaration in declared.items():
            self.parameters[name] = self._parameter(name, declaration, parameters)

    @staticmethod
    def _parameter(name: str, declaration: Mapping[str, Any], values: Mapping[str, str]) -> Any:
        if name in values:
            value: Any = values[name]
        elif "Default" in declaration:
            value = declaration["Default"]
        else:
            raise IntrinsicError(f"parameter {name} has no default and no value")
        if isinstance(value, bool):
            value = "true" if value else "false"
        _check_parameter(name, declaration, str(value))
        if declaration.get("Type") in ("CommaDelimitedList", "List<Number>"):
            return [part.strip() for part in str(value).split(",")]
        return str(value)

    def condition(self, name: str) -> bool:
        """Tell whether a condition of the template holds.

        Parameters
        ----------
        name : str
            The condition.

        Returns
        -------
        bool
            True when it holds.
        """
        if name not in self._decided:
            if name not in self._conditions:
                raise IntrinsicError(f"there is no condition {name}")
            self._decided[name] = self._holds(self._conditions[name])
        return self._decided[name]

    def _holds(self, expression: Any) -> bool:
        if isinstance(expression, Mapping) and len(expression) == 1:
            function, argument = next(iter(expression.items()))
            if function == "Condition":
                return self.condition(argument)
            if function == "Fn::Equals":
                left, right = (self.resolve(side) for side in argument)
                return bool(left == right)
            if function == "Fn::Not":
                return not self._holds(argument[0])
            if function == "Fn::And":
                return all(self._holds(part) for part in argument)
            if function == "Fn::Or":
                return any(self._holds(part) for part in argument)
        raise IntrinsicError(f"not a condition: {expression!r}")

    def resolve(self, value: Any) -> Any:
        """Resolve a value with everything in it.

        Parameters
        ----------
        value : Any
            As found in the template.

        Returns
        -------
        Any
            The value without intrinsic functions; members set to AWS::NoValue are gone.
        """
        if isinstance(value, Mapping):
            if len(value) == 1:
                function, argument = next(iter(value.items()))
                if function == "Ref" or function.startswith("Fn::"):
                    return self._call(function, argument)
            resolved = {key: self.resolve(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not NO_VALUE}
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        return value

    def _call(self, function: str, argument: Any) -> Any:
        if function in _LOGIC:
            return self._holds({function: argument})
        method = self._FUNCTIONS.get(function)
        if method is None:
            raise IntrinsicError(f"{function} is not supported by the local stack")
        return method(self, argument)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        if name in self._resources:
            return self._attribute(name, None)
        raise IntrinsicError(f"Ref to {name}, which is no parameter and no resource")

    def _get_att(self, argument: Any) -> Any:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if name not in self._resources:
            raise IntrinsicError(f"GetAtt of {name}, which is no resource")
        return self._attribute(name, self.resolve(attribute))

    def _sub(self, argument: Any) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument

        def replace(match: re.Match[str]) -> str:
            literal, name = match.group(1), match.group(2).strip()
            if literal:
                return "${" + name + "}"
            if name in variables:
                return _text(self.resolve(variables[name]))
            if "." in name:
                return _text(self._get_att(name))
            return _text(self._ref(name))

        return _REFERENCE.sub(replace, text)

    def _join(self, argument: Any) -> str:
        return str(argument[0]).join(_text(part) for part in self.resolve(argument[1]))

    def _if(self, argument: Any) -> Any:
        return self.resolve(argument[1] if self.condition(argument[0]) else argument[2])

    def _select(self, argument: Any) -> Any:
        return self.resolve(argument[1])[int(self.resolve(argument[0]))]

    def _split(self, argument: Any) -> list[str]:
        return str(self.resolve(argument[1])).split(argument[0])

    def _find_in_map(self, argument: Any) -> Any:
        keys = [self.resolve(key) for key in argument[:3]]
        found: Any = self._mappings
        for key in keys:
            if not isinstance(found, Mapping) or str(key) not in found:
                raise IntrinsicError(f"FindInMap finds nothing at {' / '.join(map(str, keys))}")
            found = found[str(key)]
        return self.resolve(found)

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(_text(self.resolve(argument)).encode()).decode()

    def _json(self, argument: Any) -> str:
        return json.dumps(self.resolve(argument))

    def _length(self, argument: Any) -> int:
        return len(self.resolve(argument))

    def _zones(self, argument: Any) -> list[str]:
        region = self.resolve(argument) or self._pseudo["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]

    _FUNCTIONS: ClassVar[dict[str, Callable[[Resolver, Any], Any]]] = {
        "Ref": _ref,
        "Fn::GetAtt": _get_att,
        "Fn::Sub": _sub,
        "Fn::Join": _join,
        "Fn::If": _if,
        "Fn::Select": _select,
        "Fn::Split": _split,
        "Fn::FindInMap": _find_in_map,
        "Fn::Base64": _base64,
        "Fn::ToJsonString": _json,
        "Fn::Length": _length,
        "Fn::GetAZs": _zones,
    }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
