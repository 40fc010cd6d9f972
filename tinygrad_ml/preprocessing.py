"""Preparing features: scalers, encoders, and pipelines of them."""

__all__: list[str] = []
