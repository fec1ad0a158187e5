"""How the UI's and the schedule's runs get their process, and lose it. Named in dagster.yaml.

Must not be here: what the process does when it is told to stop, which is execution.py.
"""

import dagster as dg

_NOT_BEGUN = {dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING}


class StoppableRunLauncher(dg.DefaultRunLauncher):
    """Dagster's own launcher, which also ends a run that has not begun.

    For some seconds after *Materialize all* the run's process loads the code. A run that is terminated then never begins; Dagster
    takes its process for one that crashed, and the run for one that failed, and a person would be alerted.
    """

    def terminate(self, run_id: str) -> bool:
        """Tell the run's process to stop; a run without a beginning is canceled at once. True if the process was told."""
        run = self._instance.get_run_by_id(run_id)
        begun = run is None or run.status not in _NOT_BEGUN
        told = bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        now = self._instance.get_run_by_id(run_id)
        if not begun and now is not None and now.status is dg.DagsterRunStatus.CANCELING:
            self._instance.report_run_canceled(now, "The run was terminated before it began.")
        return told
