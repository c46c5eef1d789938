"""Registers reimage with Django."""

from django.apps import AppConfig


class ReimageConfig(AppConfig):
    name = "reimage"
