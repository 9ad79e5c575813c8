"""A notification as the templates of its receiver see it."""

from alertd.core.notification import Notification
from alertd.templating.notificationdata import Alert, NotificationData


def notification_data(notification: Notification) -> NotificationData:
    """The tree of Alertmanager's template reference; `now` is the flush, so that a retry says the same."""
    return NotificationData(
        receiver=notification.receiver,
        status=notification.status,
        alerts=[
            Alert(
                status=alert.status,
                labels=alert.labels,
                annotations=alert.annotations,
                starts_at=alert.starts_at,
                ends_at=alert.ends_at,
                generator_url=alert.generator_url,
                fingerprint=alert.labels.fingerprint,
            )
            for alert in notification.alerts
        ],
        now=notification.at,
        group_labels=notification.group_labels,
        common_labels=notification.common_labels,
        common_annotations=notification.common_annotations,
        external_url=notification.external_url,
        reason=str(notification.reason),
        route_labels=notification.route_labels,
        storm=notification.storm,
    )
