"""Documents and photos of vehicles by API, and the end of an onboarding."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from tests.conftest import Fleet
from tests.portals.api_v1.keys import new_key

Api = Callable[..., FlaskClient]
V1 = "/api/v1/vehicles/1"
PDF, PNG = b"%PDF-1.4\n%%EOF\n", b"\x89PNG\r\n\x1a\n" + bytes(9)


def page(content: bytes = PDF, name: str = "card.pdf") -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def add(client: FlaskClient, kind: str = "registration", **more: Any) -> Any:
    body = {"kind": kind, "pages": [page()], **more}
    return client.post(f"{V1}/documents", json=body, headers=new_key())


class TestADocument:
    def test_takes_the_place_of_the_one_before_which_is_kept(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change", "vehicles:read")
        old, new = add(client, number="A 1"), add(client, number="A 2", valid_until="2027-05-31")
        assert new.status_code == 201
        assert client.get(new.headers["Location"]).json == new.json
        listed = client.get(f"{V1}/documents").json["items"]
        assert [(one["number"], one["is_current"]) for one in listed] == [("A 2", True), ("A 1", False)]
        taken = client.post(f"{new.headers['Location']}/withdrawal", json={"why": "Of another vehicle"})
        assert (taken.json["is_current"], taken.json["withdrawn_why"]) == (False, "Of another vehicle")
        assert client.get(old.headers["Location"]).json["is_current"]

    def test_gives_its_pages_out_as_they_were_handed_in(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change", "vehicles:read")
        made = add(client, pages=[page(), page(PNG, "back.png")])
        pages = [client.get(f"{made.headers['Location']}/pages/{one['id']}") for one in made.json["pages"]]
        assert [(one.data, one.mimetype) for one in pages] == [(PDF, "application/pdf"), (PNG, "image/png")]
        assert all(one.headers["X-Content-Type-Options"] == "nosniff" for one in pages)
        other = add(client, "insurance").headers["Location"]
        assert client.get(f"{other}/pages/{made.json['pages'][0]['id']}").status_code == 404

    def test_of_another_park_is_not_there(self, api: Api, fleet: Fleet) -> None:
        made = add(api("vehicles:change"))
        client = api("vehicles:read", "vehicles:change", park_ids=[fleet.other_park_id])
        page_url = f"{made.headers['Location']}/pages/{made.json['pages'][0]['id']}"
        for url in (made.headers["Location"], page_url, f"{V1}/documents", f"{V1}/photos"):
            assert client.get(url).status_code == 404
        assert add(client).status_code == 404

    def test_is_refused_for_dates_and_files_that_cannot_be(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change")
        turned = add(client, valid_from="2026-05-31", valid_until="2026-05-30")
        assert (turned.status_code, turned.json["errors"][0]["field"]) == (422, "valid_until")
        assert add(client, pages=[page(b"MZ\x90")]).status_code == 422
        assert add(client, pages=[{"name": "a", "content": "%%%"}]).status_code == 422


class TestPhotos:
    def test_are_put_in_order_and_removed(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change", "vehicles:read")
        made = [client.post(f"{V1}/photos", json=page(PNG, "a.png"), headers=new_key()) for _ in range(3)]
        ids = [one.json["id"] for one in made]
        assert client.get(made[0].headers["Location"]).data == PNG
        ordered = client.put(f"{made[2].headers['Location']}/first").json["items"]
        assert [one["id"] for one in ordered] == [ids[2], ids[0], ids[1]]
        assert client.delete(made[2].headers["Location"]).status_code == 204
        assert client.get(made[2].headers["Location"]).status_code == 404
        assert [one["id"] for one in client.get(f"{V1}/photos").json["items"]] == ids[:2]


class TestAnOnboarding:
    def test_tells_what_is_missing_and_ends_when_it_is_done_or_for_a_reason(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change", "vehicles:change_status", "vehicles:read")
        told = client.get(f"{V1}/onboarding").json
        assert [(one["name"], one["is_done"]) for one in told["steps"]] == [
            ("data", True),
            ("documents", False),
            ("photos", False),
            ("tracker", False),
        ]
        refused = client.post(f"{V1}/onboarding/end", json={})
        assert (refused.status_code, "Insurance: not there yet." in refused.json["detail"]) == (409, True)
        ended = client.post(f"{V1}/onboarding/end", json={"anyway": "Papers are at the notary"})
        assert ended.json["status"] == "available"
        assert client.post(f"{V1}/onboarding/end", json={}).status_code == 409
