def test_try(sign_in, fleet, client):
    from tests.portals.page import check_page
    b = sign_in("admin")
    for u in ("/admin/","/admin/users","/admin/users/new","/admin/clients","/admin/clients/new","/admin/immobilizations","/admin/immobilizations?text=car","/admin/audit","/admin/telemetry/refusals",f"/admin/immobilizations/new?vehicle_id={fleet.vehicle_id}",f"/admin/immobilizations/new/confirmation?vehicle_id={fleet.vehicle_id}&reason=theft","/admin/nope","/nope"):
        a=b.get(u); print(u,a.status_code); 
        if a.status_code>=500: print(a.text)
        check_page(a.text)
    a=b.post("/admin/immobilizations",data={"vehicle_id":fleet.vehicle_id,"reason":"theft","note":"x"}); print(a.status_code,a.headers.get("Location"))
    a=b.get(a.headers["Location"]); check_page(a.text)
    b=sign_in("investor"); a=b.get("/investor/"); print(a.status_code); check_page(a.text)
    assert 0
