"""Spikes in a series of counts: causal, one pass, bounded state (docs/detection.md says how and how well)."""

from processors.spikes.detector import RECOMMENDED_THRESHOLD, SpikeDetector
from processors.spikes.state import DetectorState

__all__ = ["RECOMMENDED_THRESHOLD", "DetectorState", "SpikeDetector"]
