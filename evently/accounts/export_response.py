"""The response that sends the file of a data export, for pages and the API."""

from django.http import StreamingHttpResponse

from evently.accounts import operations
from evently.accounts.models import DataExport, User

ZIP = "application/zip"


def file_response(user: User, export: DataExport) -> StreamingHttpResponse:
    """Return the response that sends the file of an export. Raises ExportNotFound."""
    response = StreamingHttpResponse(operations.file_of(user=user, export=export), content_type=ZIP)
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    response.headers["Content-Length"] = str(export.size_bytes)
    return response
