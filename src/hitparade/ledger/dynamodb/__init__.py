"""The ledger on one DynamoDB table, without indexes and without transactions.

A transaction of DynamoDB takes 100 items; a delivery may touch thousands of days. So a batch of any size becomes true
by a single conditional write to a single item, the head:

1. **Plan.** The head says which commit is the last (m), its highest seq, and the latest run. From what is visible at m
   the items of commit m + 1 are worked out, and written down as a whole under a token that nobody else has (`wal`).
2. **Accept.** The head takes the token, on condition that it still is at m, has no token, and that no run is later
   than the writer's. Of all who try for m + 1 one succeeds; a fenced run never does. From here on the batch is
   certain: whoever wants to write next, or to begin a run, finishes it first.
3. **Apply.** The items are written. Doing so twice, or late, changes nothing: most are facts that never change once
   they are accepted, the others (cells) are only ever replaced by those of a later commit.
4. **Finish.** The head moves to m + 1, with its seqs, and drops the token. Only now is the batch visible.

Readers read the head, then items, and count those of commits up to the head's; all of these were written before the
head moved, and every read is strongly consistent. A cell carries the value before its last, for readers who are one
commit behind; who is further behind begins anew. So a reader sees the state before a commit or after it, whatever
crashed where, and who sees a seq sees every one below it. What a crash leaves in `wal` before step 2 is named by no
head; the next run clears it away. A lost answer to step 2 is resolved by reading back: each commit keeps its token.

| pk | sk | of a commit |
| --- | --- | --- |
| `head` | | the latest run, the last commit, its seq; the batch that was accepted |
| `facts` | | the lake's facts |
| `wal` | run, token, piece | a batch, written down |
| `commits` | commit | its token |
| `delivery` | seq | a delivery; beside it (`#superseded`) the mark that it is no more in effect |
| `touched` | seq, piece | its days, with its rows in each |
| `contract#HASH` | piece | a manifest |
| `load#`, `seen#`, `bytes#`, `name#` ... | 0, 1, ... | the deliveries of a load_id, identity, content, name |
| `streams#loaded` ... | commit, bucket | roll: deliveries that came, and those that went out of effect |
| `day#2024` | day, commit, bucket | the same for a touched day |
| `days` | month | cell: per day the highest seq and the rows in effect |
| `computations`, `publications#SINK` | KPI or table, month | cell: the last of each day |
| `counts` | | cell: files and rows by dataset and status |
"""
