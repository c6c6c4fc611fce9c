"""Every write of accounts.

Each opens its own transaction, except `end_unverified_password`, `closing.close_account`,
`deletion.schedule_deletion` and `deletion.start_erasure`, which run inside the caller's. Errors are
defined beside the operations and exported here. Deleting an account is in `boxoffice.lifecycle`,
since it cancels bookings and waitlist entries.
"""

from evently.accounts.locks import SessionEnded, UserNotFound
from evently.accounts.operations.api_tokens import (
    IssuedToken,
    ScopeNotAllowed,
    TokenNotFound,
    TokenRequestInvalid,
    authenticate_token,
    issue_token,
    revoke_token,
)
from evently.accounts.operations.data_exports import (
    ExportNotFound,
    TooManyExports,
    export_to_download,
    file_of,
    request_export,
)
from evently.accounts.operations.deletion import (
    DeletionPending,
    DeletionStarted,
    check_password,
    request_deletion_link,
    undo_deletion,
    undo_deletion_by_link,
    user_to_keep,
)
from evently.accounts.operations.email_change import (
    PasswordRequired,
    change_to_confirm,
    change_to_undo,
    confirm_email_change,
    request_email_change,
    undo_email_change,
)
from evently.accounts.operations.login import (
    authenticate_with_password,
    log_in_by_link,
    request_login_link,
)
from evently.accounts.operations.passwords import (
    WeakPassword,
    WrongCredentials,
    WrongPassword,
    change_password,
    request_password_reset,
    reset_password,
)
from evently.accounts.operations.registration import (
    AccountInactive,
    find_or_create_guest,
    register,
    request_address_verification,
    sign_up,
    user_to_verify,
    verify_address,
    verify_address_by_email,
    verify_address_with_password,
)
from evently.accounts.operations.users import (
    AddressUnverified,
    LastSuperuser,
    PreferencesInvalid,
    TimeZoneUnknown,
    change_profile,
    end_other_sessions,
    make_organizer,
    set_active,
    withdraw_organizer,
)
from evently.accounts.operations.verification import end_unverified_password
from evently.errors import EditedMeanwhile
from evently.links import LinkExpired
from evently.throttle import TooManyAttempts

__all__ = [
    "AccountInactive",
    "AddressUnverified",
    "DeletionPending",
    "DeletionStarted",
    "EditedMeanwhile",
    "ExportNotFound",
    "IssuedToken",
    "LastSuperuser",
    "LinkExpired",
    "PasswordRequired",
    "PreferencesInvalid",
    "ScopeNotAllowed",
    "SessionEnded",
    "TimeZoneUnknown",
    "TokenNotFound",
    "TokenRequestInvalid",
    "TooManyAttempts",
    "TooManyExports",
    "UserNotFound",
    "WeakPassword",
    "WrongCredentials",
    "WrongPassword",
    "authenticate_token",
    "authenticate_with_password",
    "change_password",
    "change_profile",
    "change_to_confirm",
    "change_to_undo",
    "check_password",
    "confirm_email_change",
    "end_other_sessions",
    "end_unverified_password",
    "export_to_download",
    "file_of",
    "find_or_create_guest",
    "issue_token",
    "log_in_by_link",
    "make_organizer",
    "register",
    "request_address_verification",
    "request_deletion_link",
    "request_email_change",
    "request_export",
    "request_login_link",
    "request_password_reset",
    "reset_password",
    "revoke_token",
    "set_active",
    "sign_up",
    "undo_deletion",
    "undo_deletion_by_link",
    "undo_email_change",
    "user_to_keep",
    "user_to_verify",
    "verify_address",
    "verify_address_by_email",
    "verify_address_with_password",
    "withdraw_organizer",
]
