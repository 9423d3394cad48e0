import pytest

from local_stack.template.intrinsics import IntrinsicError, Resolver

TEMPLATE = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "dev"},
        "Days": {"Type": "Number", "Default": 90},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
    },
    "Mappings": {"Sizes": {"dev": {"memory": 128}}},
    "Conditions": {
        "IsDev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
        "NotDev": {"Fn::Not": [{"Condition": "IsDev"}]},
        "Both": {"Fn::And": [{"Condition": "IsDev"}, {"Fn::Equals": ["x", "x"]}]},
        "Either": {"Fn::Or": [{"Condition": "NotDev"}, {"Fn::Equals": ["x", "y"]}]},
    },
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
}
PSEUDO = {"AWS::Region": "eu-west-1", "AWS::AccountId": "1"}


def attribute(name: str, wanted: str | None) -> str:
    return f"{name}/{wanted}"


def resolver(**parameters: str) -> Resolver:
    return Resolver(TEMPLATE, parameters, PSEUDO, attribute)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Days"}, "90"),
        ({"Ref": "Names"}, ["a", "b"]),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "Queue"}, "Queue/None"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "Queue/Arn"),
        ({"Fn::GetAtt": "Queue.Arn"}, "Queue/Arn"),
        ({"Fn::Sub": "${Stage}-${Queue.Arn}-${!Literal}-${AWS::Region}"}, "dev-Queue/Arn-${Literal}-eu-west-1"),
        ({"Fn::Sub": ["${Mine}/${Stage}", {"Mine": {"Ref": "Days"}}]}, "90/dev"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, 3]]}, "a-dev-3"),
        ({"Fn::If": ["IsDev", "yes", "no"]}, "yes"),
        ({"Fn::If": ["NotDev", "yes", "no"]}, "no"),
        ({"Fn::If": ["Both", 1, 2]}, 1),
        ({"Fn::If": ["Either", 1, 2]}, 2),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b/c"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "memory"]}, 128),
        ({"Fn::Base64": "ab"}, "YWI="),
        ({"Fn::ToJsonString": {"a": {"Ref": "Stage"}}}, '{"a": "dev"}'),
        ({"Fn::Equals": ["a", "a"]}, True),
        ({"a": [{"b": {"Ref": "Stage"}}]}, {"a": [{"b": "dev"}]}),
    ],
)
def test_an_intrinsic_function_gives_its_value(value: object, expected: object) -> None:
    assert resolver().resolve(value) == expected


def test_members_without_a_value_are_left_out() -> None:
    value = {"a": {"Fn::If": ["NotDev", 1, {"Ref": "AWS::NoValue"}]}, "b": [{"Ref": "AWS::NoValue"}, 2]}
    assert resolver().resolve(value) == {"b": [2]}


def test_an_override_takes_the_place_of_the_default() -> None:
    assert resolver(Stage="prod").resolve({"Fn::If": ["IsDev", "yes", {"Ref": "Stage"}]}) == "prod"


def test_an_override_of_an_unknown_parameter_is_an_error() -> None:
    with pytest.raises(IntrinsicError, match="Nothing"):
        resolver(Nothing="x")


def test_a_parameter_without_a_value_is_an_error() -> None:
    with pytest.raises(IntrinsicError, match="Needed"):
        Resolver({"Parameters": {"Needed": {"Type": "String"}}}, {}, PSEUDO, attribute)


@pytest.mark.parametrize(
    "value", [{"Ref": "Nothing"}, {"Fn::GetAtt": ["Nothing", "Arn"]}, {"Fn::ImportValue": "x"}, {"Fn::Sub": "${No}"}]
)
def test_what_cannot_be_resolved_is_an_error(value: object) -> None:
    with pytest.raises(IntrinsicError):
        resolver().resolve(value)


@pytest.mark.parametrize(
    ("declaration", "good", "bad"),
    [
        ({"Type": "String", "AllowedValues": ["a", True]}, ["a", "true"], ["b", "True", ""]),
        ({"Type": "Number", "MinValue": 0, "MaxValue": 60}, ["0", "60", "1.5"], ["-1", "61", "many"]),
        ({"Type": "Number"}, ["-1"], [""]),
    ],
)
def test_a_parameter_takes_what_its_declaration_allows(
    declaration: dict[str, object], good: list[str], bad: list[str]
) -> None:
    template = {"Parameters": {"P": declaration}}
    for value in good:
        assert Resolver(template, {"P": value}, PSEUDO, attribute).parameters == {"P": value}
    for value in bad:
        with pytest.raises(IntrinsicError, match="parameter P"):
            Resolver(template, {"P": value}, PSEUDO, attribute)
