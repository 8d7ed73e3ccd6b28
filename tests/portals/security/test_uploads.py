"""A file is taken only when its name, its declared type and its content agree."""

import io

import pytest
from werkzeug.datastructures import FileStorage

from core.errors import Invalid
from portals import uploads
from portals.uploads import GEOJSON

GOOD = b'{"type": "FeatureCollection", "features": []}'
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
HTML = b"<!doctype html><script>alert(1)</script>"


def read(content, name="zones.geojson", declared="application/geo+json"):
    return uploads.read_text(FileStorage(io.BytesIO(content), name, content_type=declared), GEOJSON, field="file")


class TestAFile:
    @pytest.mark.parametrize("declared", ["application/geo+json", "application/json; charset=utf-8", "", "text/plain"])
    def test_that_is_what_it_says_is_taken(self, declared):
        assert read(GOOD, declared=declared) == GOOD.decode()
        assert read(b"\xef\xbb\xbf \n" + GOOD, "ZONES.JSON") == " \n" + GOOD.decode()

    @pytest.mark.parametrize(
        ("content", "name", "declared", "said"),
        [
            (GOOD, "zones.html", "application/geo+json", "ends in .geojson or .json"),
            (GOOD, "zones", "application/geo+json", "ends in .geojson or .json"),
            (GOOD, "zones.json.exe", "application/json", "ends in .geojson or .json"),
            (GOOD, "zones.json", "text/html", "says that it is text/html"),
            (PNG, "zones.json", "application/json", "is not a GeoJSON file, whatever its name says"),
            (HTML, "zones.json", "application/json", "is not a GeoJSON file, whatever its name says"),
            (b"%PDF-1.7", "zones.geojson", "", "is not a GeoJSON file"),
            (b"{\0}", "zones.geojson", "", "is not a GeoJSON file"),
            (b"", "zones.geojson", "", "is not a GeoJSON file"),
            ('{"a": "b"}'.encode("utf-16"), "zones.geojson", "", "is not a GeoJSON file"),
            (b'{"a": "\xff"}', "zones.geojson", "", "not text in UTF-8"),
            (b"{" + b" " * GEOJSON.most_bytes, "zones.geojson", "", "larger than 8 MB"),
        ],
    )
    def test_that_is_not_is_refused_in_words(self, content, name, declared, said):
        with pytest.raises(Invalid) as refused:
            read(content, name, declared)
        assert said in refused.value.fields["file"]

    def test_is_refused_beside_its_field(self, sign_in):
        operator = sign_in("operator")
        data = {"file": (io.BytesIO(PNG), "zones.geojson"), "name_property": "name", "park_id": "1"}
        answer = operator.post("/operator/geofences/import", data=data, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert 'id="file-error">What is in the file is not a GeoJSON file' in answer.text

    def test_larger_than_any_body_is_cut_off_before_it_is_read(self, sign_in):
        data = {"file": (io.BytesIO(b" " * (17 * 1024 * 1024)), "zones.geojson")}
        answer = sign_in("operator").post("/operator/geofences/import", data=data, content_type="multipart/form-data")
        assert answer.status_code == 413
