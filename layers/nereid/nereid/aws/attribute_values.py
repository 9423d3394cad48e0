"""Plain values as DynamoDB's, and back, as boto3's resources have them.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

#: The numbers that DynamoDB holds exactly; any other is an error.
_NUMBERS = Context(prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
_LARGE = 10**38


def marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """Turn plain values into DynamoDB's; members that are None are left out.

    Raises
    ------
    TypeError
        For values that DynamoDB has no type for, and for floats, which it would round.
    decimal.DecimalException
        For numbers that it does not hold exactly.
    """
    return {name: _written(value) for name, value in item.items() if value is not None}


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """Turn DynamoDB's values into plain ones: numbers become integers where they are, and floats otherwise."""
    return {name: _read(value) for name, value in item.items()}


def _written(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"S": value}
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": _number(value)}
        case bytes() | bytearray():
            return {"B": bytes(value)}
        case Mapping():
            return {"M": {name: _written(each) for name, each in value.items()}}
        case list() | tuple():
            return {"L": [_written(each) for each in value]}
        case AbstractSet() if value:
            return _set(value)
    raise TypeError(f"{type(value).__name__} is no value of DynamoDB")


def _number(value: int | Decimal) -> str:
    if isinstance(value, int) and -_LARGE < value < _LARGE:
        return str(value)
    number = _NUMBERS.create_decimal(value)
    if not number.is_finite():
        raise TypeError("Infinity and NaN are no numbers of DynamoDB")
    return str(number)


def _set(values: AbstractSet[Any]) -> dict[str, list[Any]]:
    kinds = [_written(value) for value in values]
    [(kind, _), *_] = kinds[0].items()
    if kind not in ("S", "N", "B") or any(kind not in each for each in kinds):
        raise TypeError("a set of DynamoDB has texts, numbers or bytes")
    return {f"{kind}S": [each[kind] for each in kinds]}


def _read(value: Mapping[str, Any]) -> Any:
    [(kind, content)] = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return _plain(content)
        case "NULL":
            return None
        case "B":
            return bytes(content)
        case "M":
            return {name: _read(each) for name, each in content.items()}
        case "L":
            return [_read(each) for each in content]
        case "SS":
            return set(content)
        case "NS":
            return set(map(_NUMBERS.create_decimal, content))
        case "BS":
            return set(map(bytes, content))
    raise TypeError(f"{kind} is no type of DynamoDB")


def _plain(text: str) -> int | float:
    if text.isdecimal() and text.isascii():
        return int(text)
    number = _NUMBERS.create_decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)
