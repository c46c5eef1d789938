"""The capability's addresses."""

app_name = "reimage"
urlpatterns: list[object] = []
