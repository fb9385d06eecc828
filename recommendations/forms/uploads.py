"""What a request may bring: a file is cut where it becomes too large for anything."""

from typing import TYPE_CHECKING

from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from recommendations.importers.exports.reading import LARGEST

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


class CuttingUploadHandler(FileUploadHandler):
    """Drops what comes after the largest size, so that no request fills memory or disk.

    What was cut is larger than the form allows, which says so beside the field.
    """

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        too_much = self.received > LARGEST
        self.received += len(raw_data)
        return None if too_much else raw_data

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        return None
