"""Find out what works on this machine and what does not, each with what mends it; see `kbvr doctor`.

Whatever loads a driver or a compiled library is tried in a process of its own, with a time limit: a driver that crashes
or hangs becomes a finding.
"""

from kbvr.doctor.diagnosis import diagnose
from kbvr.doctor.finding import Finding, State, can_work

__all__ = ["Finding", "State", "can_work", "diagnose"]
