// The table of ops, for those who walk over all of them: tests and the profile of dragoman bench. Each row is defined
// in the file of its op.
#pragma once
#include "tensor/graph.h"

extern const Op *const dm_ops[];  // ending with NULL

extern const Op dm_linear_op, dm_linear_sum_op, dm_embedding_op, dm_layer_norm_op, dm_residual_op, dm_residual_norm_op, dm_attention_op,
    dm_cross_entropy_op, dm_add_op, dm_scale_op, dm_concatenate_op, dm_log_probabilities_op, dm_next_pieces_op,
    dm_gru_op, dm_additive_attention_op, dm_collect_op, dm_dropout_op, dm_divergence_op, dm_gate_op,
    dm_unfold_op, dm_convolve_op, dm_softmax_groups_op, dm_scale_rows_op, dm_scale_gradient_op, dm_lstm_op,
    dm_rms_norm_op, dm_batch_norm_op,
    dm_affinity_op, dm_route_op, dm_combine_op, dm_balance_op, dm_rotate_op,
    dm_pointer_op, dm_running_mean_op, dm_ssru_op, dm_span_means_op, dm_ctc_op;
