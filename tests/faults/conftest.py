"""What the fault tests share."""

from tests.support.cloud_fixtures import cloud, shared_cloud, world

__all__ = ["cloud", "shared_cloud", "world"]
