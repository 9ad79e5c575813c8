import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATE_UNSPECIFIED: _ClassVar[State]
    STATE_INACTIVE: _ClassVar[State]
    STATE_PENDING: _ClassVar[State]
    STATE_FIRING: _ClassVar[State]
    STATE_RESOLVED: _ClassVar[State]
STATE_UNSPECIFIED: State
STATE_INACTIVE: State
STATE_PENDING: State
STATE_FIRING: State
STATE_RESOLVED: State

class Filter(_message.Message):
    __slots__ = ("matchers", "receiver", "receiver_matchers", "states", "active", "silenced", "inhibited", "muted")
    MATCHERS_FIELD_NUMBER: _ClassVar[int]
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    RECEIVER_MATCHERS_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    SILENCED_FIELD_NUMBER: _ClassVar[int]
    INHIBITED_FIELD_NUMBER: _ClassVar[int]
    MUTED_FIELD_NUMBER: _ClassVar[int]
    matchers: _containers.RepeatedScalarFieldContainer[str]
    receiver: str
    receiver_matchers: _containers.RepeatedScalarFieldContainer[str]
    states: _containers.RepeatedScalarFieldContainer[State]
    active: bool
    silenced: bool
    inhibited: bool
    muted: bool
    def __init__(self, matchers: _Optional[_Iterable[str]] = ..., receiver: _Optional[str] = ..., receiver_matchers: _Optional[_Iterable[str]] = ..., states: _Optional[_Iterable[_Union[State, str]]] = ..., active: _Optional[bool] = ..., silenced: _Optional[bool] = ..., inhibited: _Optional[bool] = ..., muted: _Optional[bool] = ...) -> None: ...

class ListRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: Filter
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[Filter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListResponse(_message.Message):
    __slots__ = ("alerts", "next_page_token")
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    alerts: _containers.RepeatedCompositeFieldContainer[Alert]
    next_page_token: str
    def __init__(self, alerts: _Optional[_Iterable[_Union[Alert, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("filter", "snapshot", "after")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    filter: Filter
    snapshot: bool
    after: str
    def __init__(self, filter: _Optional[_Union[Filter, _Mapping]] = ..., snapshot: _Optional[bool] = ..., after: _Optional[str] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("cursor", "at", "present", "ready", "transition", "muting")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_FIELD_NUMBER: _ClassVar[int]
    MUTING_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    at: _timestamp_pb2.Timestamp
    present: Alert
    ready: Ready
    transition: Transition
    muting: Muting
    def __init__(self, cursor: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., present: _Optional[_Union[Alert, _Mapping]] = ..., ready: _Optional[_Union[Ready, _Mapping]] = ..., transition: _Optional[_Union[Transition, _Mapping]] = ..., muting: _Optional[_Union[Muting, _Mapping]] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ("snapshot",)
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    snapshot: bool
    def __init__(self, snapshot: _Optional[bool] = ...) -> None: ...

class Transition(_message.Message):
    __slots__ = ("before", "alert")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    ALERT_FIELD_NUMBER: _ClassVar[int]
    before: State
    alert: Alert
    def __init__(self, before: _Optional[_Union[State, str]] = ..., alert: _Optional[_Union[Alert, _Mapping]] = ...) -> None: ...

class Muting(_message.Message):
    __slots__ = ("fingerprint", "labels", "receiver", "muters")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    MUTERS_FIELD_NUMBER: _ClassVar[int]
    fingerprint: str
    labels: _containers.ScalarMap[str, str]
    receiver: str
    muters: Muters
    def __init__(self, fingerprint: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., receiver: _Optional[str] = ..., muters: _Optional[_Union[Muters, _Mapping]] = ...) -> None: ...

class Alert(_message.Message):
    __slots__ = ("fingerprint", "state", "labels", "annotations", "active_at", "fired_at", "resolved_at", "value", "posted", "generator_url", "because", "receivers", "muters")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class AnnotationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    FIRED_AT_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_AT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    POSTED_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_URL_FIELD_NUMBER: _ClassVar[int]
    BECAUSE_FIELD_NUMBER: _ClassVar[int]
    RECEIVERS_FIELD_NUMBER: _ClassVar[int]
    MUTERS_FIELD_NUMBER: _ClassVar[int]
    fingerprint: str
    state: State
    labels: _containers.ScalarMap[str, str]
    annotations: _containers.ScalarMap[str, str]
    active_at: _timestamp_pb2.Timestamp
    fired_at: _timestamp_pb2.Timestamp
    resolved_at: _timestamp_pb2.Timestamp
    value: float
    posted: bool
    generator_url: str
    because: str
    receivers: _containers.RepeatedScalarFieldContainer[str]
    muters: Muters
    def __init__(self, fingerprint: _Optional[str] = ..., state: _Optional[_Union[State, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., annotations: _Optional[_Mapping[str, str]] = ..., active_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fired_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resolved_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., value: _Optional[float] = ..., posted: _Optional[bool] = ..., generator_url: _Optional[str] = ..., because: _Optional[str] = ..., receivers: _Optional[_Iterable[str]] = ..., muters: _Optional[_Union[Muters, _Mapping]] = ...) -> None: ...

class Muters(_message.Message):
    __slots__ = ("silenced_by", "inhibited_by", "muted_by")
    SILENCED_BY_FIELD_NUMBER: _ClassVar[int]
    INHIBITED_BY_FIELD_NUMBER: _ClassVar[int]
    MUTED_BY_FIELD_NUMBER: _ClassVar[int]
    silenced_by: _containers.RepeatedScalarFieldContainer[str]
    inhibited_by: _containers.RepeatedScalarFieldContainer[str]
    muted_by: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, silenced_by: _Optional[_Iterable[str]] = ..., inhibited_by: _Optional[_Iterable[str]] = ..., muted_by: _Optional[_Iterable[str]] = ...) -> None: ...
