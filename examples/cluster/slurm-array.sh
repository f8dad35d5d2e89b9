#!/usr/bin/env bash
# An agent on a benchmark's tasks in 8 parts, each a task of an array: sbatch slurm-array.sh, in the folder for the results.
#
# A task that is queued again (--requeue) goes on where it was interrupted. Afterwards:
#
#   agent-cost merge shard-*.parquet -o all.parquet
#
# AGENT_COST is a clone in which `npm ci` and `npm run build` were run; BACKEND the model's server.
#SBATCH --job-name=react-hotpotqa
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --output=%x-%a.log
set -euo pipefail
exec node "${AGENT_COST:-$HOME/agent-cost}/dist/cli.cjs" bench \
  --agent react --benchmark hotpotqa --n "${TASKS:-500}" --backend "${BACKEND:-http://gpu-box:8000/v1}" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --table "shard-$SLURM_ARRAY_TASK_ID.parquet" --resume
