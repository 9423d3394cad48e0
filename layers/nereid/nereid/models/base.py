"""What all models have in common."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A model whose checks are built at its first use: a function pays for those that it needs, at every cold start."""

    model_config = ConfigDict(defer_build=True)
