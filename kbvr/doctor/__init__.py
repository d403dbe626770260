"""Find out what works on this machine, and how to fix what does not; see `kbvr doctor`.

Everything that loads a driver or a compiled library is tried in its own process with a time limit, so a driver that
crashes or hangs becomes a finding.
"""

from kbvr.doctor.diagnosis import diagnose
from kbvr.doctor.finding import Finding, State, can_work

__all__ = ["Finding", "State", "can_work", "diagnose"]
