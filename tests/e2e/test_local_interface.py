"""What the local stack promises to whoever runs the product on it."""

import pytest

from tests.local_stack import LocalStack


def test_the_demo_has_all_that_the_product_offers(local_stack: LocalStack) -> None:
    demo = local_stack.demo
    assert demo["base_url"].startswith("http://127.0.0.1:")
    assert (demo["environment"], demo["mock_environment"]) == ("dev", "sandbox")
    assert demo["public_key"].startswith("pk_")
    assert demo["secret_key"].startswith("sk_")
    assert demo["api_token"].count(".") == 2


def test_the_environments_are_as_promised(local_stack: LocalStack) -> None:
    answer = local_stack.request("GET", "/manage/environments", token=local_stack.demo["api_token"])
    found = {environment["identifier"]: environment for environment in answer.json()["data"]}
    assert set(found) == {"dev", "sandbox"}
    assert (found["dev"]["mock"], found["sandbox"]["mock"]) == (False, True)
    # A channel that is left out takes the stack's default; null would mean that it has no provider.
    assert None not in found["dev"]["channels"].values()


def test_the_token_may_do_everything(local_stack: LocalStack) -> None:
    token = local_stack.demo["api_token"]
    made = local_stack.request(
        "POST",
        "/manage/api_tokens",
        {"name": "narrow", "permissions": ["post_events"], "default_environment": "dev"},
        token=token,
    )
    assert made.status == 200
    narrow = made.json()
    path = "/neptune/dev/users"
    assert local_stack.request("GET", path, token=narrow["token"]).status == 403
    assert local_stack.request("DELETE", f"/manage/api_tokens/{narrow['id']}", token=token).status == 200
    assert local_stack.request("GET", path, token=narrow["token"]).status == 401


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PATCH", "/manage/environments")])
def test_an_unknown_route_is_not_found(local_stack: LocalStack, method: str, path: str) -> None:
    answer = local_stack.request(method, path)
    assert answer.status == 404
    assert answer.json() == {"message": "Not Found"}


def test_the_root_leads_to_the_console(local_stack: LocalStack) -> None:
    answer = local_stack.request("GET", "/")
    assert (answer.status, answer.headers["Location"]) == (302, "/console")
    answer = local_stack.request("GET", "/console")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_user_id_with_slashes_and_spaces_is_found_by_its_path(local_stack: LocalStack) -> None:
    token = local_stack.demo["api_token"]
    assert local_stack.request("POST", "/neptune/dev/users", {"user_id": "u/1 x"}, token=token).status == 200
    for path in ("/neptune/dev/users/u/1%20x", "/neptune/dev/users/u%2F1%20x"):
        assert local_stack.request("GET", path, token=token).json()["user_id"] == "u/1 x"
