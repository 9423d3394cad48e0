"""A channel that nobody may send by: its deliveries end without a provider, or mocked."""

from collections.abc import Callable, Sequence

from nereid.errors import ProviderRefused
from nereid.models.delivery import DeliveryJob, Rendered


class ClosedChannel:
    """Implements `nereid.ports.messaging.Channel`; nothing is handed over to anybody."""

    def has_provider(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - it is the same for all
        """Tell that there is no provider, whatever the environment names."""
        return False

    def is_paced(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - it is the same for all
        """Tell that nothing is waited for."""
        return False

    def senders(self, job: DeliveryJob, rendered: Rendered) -> Sequence[str]:  # noqa: ARG002 - it is the same for all
        """Tell that nobody sends."""
        return ()

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:  # noqa: ARG002
        """Refuse; a delivery without a provider does not come here."""
        raise ProviderRefused("closed")
