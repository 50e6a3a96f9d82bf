"""The fields of an SSD MobileNet v2's ``pipeline.config``, and what each of them means here."""

from typing import NamedTuple

SSD, TRAIN = "model.ssd.", "train_config."
EXTRACTOR, PREDICTOR = SSD + "feature_extractor.", SSD + "box_predictor.convolutional_box_predictor."
ANCHORS, RESIZER = SSD + "anchor_generator.ssd_anchor_generator.", SSD + "image_resizer.fixed_shape_resizer."
MATCHER, LOSS = SSD + "matcher.argmax_matcher.", SSD + "loss."
NMS, STEPS = SSD + "post_processing.batch_non_max_suppression.", TRAIN + "data_augmentation_options."
ALPHA = LOSS + "classification_loss.weighted_sigmoid_focal.alpha"
AGNOSTIC = NMS + "use_class_agnostic_nms"  # boxes suppress those of other classes, too
OPTIMIZER, L2 = TRAIN + "optimizer.", "conv_hyperparams.regularizer.l2_regularizer.weight"
COSINE = ".learning_rate.cosine_decay_learning_rate."

EXTRACTOR_TYPE, CLASSIFICATION = "ssd_mobilenet_v2_keras", "classification"
CROP_SCALES = 0.3, 1.0  # sides of a crop as near to ``ssd_random_crop``, whose areas are 10 to 100 %
PLACEHOLDER = "PATH_TO_BE_CONFIGURED/"


class Name(str):
    """A word of the format that stands without quotes, as an enum's value."""


class Plain(NamedTuple):
    """A field that is a setting of ours: where it is, its name here, and the API's default."""

    path: str
    setting: str
    default: object


DETECTOR = (
    Plain(MATCHER + "matched_threshold", "match_iou", 0.5),
    Plain(PREDICTOR + "kernel_size", "kernel", 1),
    Plain(PREDICTOR + "class_prediction_bias_init", "class_bias", 0.0),
    Plain(ALPHA, "focal_alpha", 0.75),
    Plain(LOSS + "classification_loss.weighted_sigmoid_focal.gamma", "focal_gamma", 2.0),
    Plain(LOSS + "localization_weight", "box_weight", 1.0),
    Plain(NMS + "iou_threshold", "nms_iou", 0.6),
    Plain(TRAIN + "max_number_of_boxes", "max_boxes", 100),
)
CODER = tuple(
    (SSD + f"box_coder.faster_rcnn_box_coder.{name}_scale", default)
    for name, default in (("y", 10.0), ("x", 10.0), ("height", 5.0), ("width", 5.0))
)
TRAINING = (
    Plain(TRAIN + "batch_size", "batch_size", 32),
    Plain(TRAIN + "num_steps", "steps", 0),
    Plain(TRAIN + "gradient_clipping_by_norm", "clip_norm", 0.0),
    Plain(SSD + "freeze_batchnorm", "freeze_batch_norm", False),
)
SCHEDULE = (
    Plain("learning_rate_base", "learning_rate", 0.002),
    Plain("total_steps", "schedule_steps", 4000000),
    Plain("warmup_learning_rate", "warmup_learning_rate", 0.0002),
    Plain("warmup_steps", "warmup_steps", 10000),
)

# What skushare's SSD always has, and the API's default where the file says nothing (None: as here).
ALWAYS = (
    (MATCHER + "ignore_thresholds", False, False),
    (MATCHER + "negatives_lower_than_unmatched", True, True),
    (MATCHER + "force_match_for_each_row", True, False),
    (SSD + "encode_background_as_zeros", True, False),
    (SSD + "negative_class_weight", 1.0, 1.0),
    (ANCHORS + "num_layers", 6, 6),
    (PREDICTOR + "min_depth", 0, 0),
    (PREDICTOR + "max_depth", 0, 0),
    (PREDICTOR + "num_layers_before_predictor", 0, 0),
    (PREDICTOR + "use_dropout", False, True),
    (PREDICTOR + "box_code_size", 4, 4),
    (PREDICTOR + "apply_sigmoid_to_scores", False, False),
    (PREDICTOR + "use_depthwise", False, False),
    (PREDICTOR + "conv_hyperparams.initializer.random_normal_initializer.stddev", 0.01, None),
    (PREDICTOR + "conv_hyperparams.initializer.random_normal_initializer.mean", 0.0, None),
    (EXTRACTOR + "depth_multiplier", 1.0, 1.0),
    (EXTRACTOR + "pad_to_multiple", 1, 1),
    (EXTRACTOR + "use_explicit_padding", False, False),
    (EXTRACTOR + "use_depthwise", False, False),
    (EXTRACTOR + "override_base_feature_extractor_hyperparams", True, False),
    (EXTRACTOR + "conv_hyperparams.activation", Name("RELU_6"), Name("RELU")),
    (EXTRACTOR + "conv_hyperparams.batch_norm.decay", 0.97, 0.999),
    (EXTRACTOR + "conv_hyperparams.batch_norm.epsilon", 0.001, 0.001),
    (EXTRACTOR + "conv_hyperparams.batch_norm.scale", True, False),
    (EXTRACTOR + "conv_hyperparams.batch_norm.center", True, True),
    (EXTRACTOR + "conv_hyperparams.batch_norm.train", True, True),
    (LOSS + "localization_loss.weighted_smooth_l1.delta", 1.0, 1.0),
    (LOSS + "classification_weight", 1.0, 1.0),
    (SSD + "normalize_loss_by_num_matches", True, True),
    (SSD + "normalize_loc_loss_by_codesize", True, False),
    (SSD + "post_processing.score_converter", Name("SIGMOID"), Name("IDENTITY")),
)

# Members of a choice that make another network.
CHOICES = (
    ("model", "ssd"),
    (SSD + "box_coder", "faster_rcnn_box_coder"),
    (SSD + "matcher", "argmax_matcher"),
    (SSD + "similarity_calculator", "iou_similarity"),
    (SSD + "anchor_generator", "ssd_anchor_generator"),
    (SSD + "image_resizer", "fixed_shape_resizer"),
    (SSD + "box_predictor", "convolutional_box_predictor"),
    (LOSS + "classification_loss", "weighted_sigmoid_focal"),
    (LOSS + "localization_loss", "weighted_smooth_l1"),
)

COLOURS = tuple(
    f"{STEPS}random_{name}"
    for name in ("adjust_brightness", "adjust_contrast", "adjust_hue", "adjust_saturation", "distort_color")
)

# Why known settings have no effect, by the beginning of their path; the longest counts.
_SAME = "tells the API how to compute; what is computed is the same here"
_OWN_WAY = "tells the API how to share out and save its work; skushare has its own way"
_NO_LAYERS = "has no effect on a predictor without layers of its own"
HARMLESS = {
    SSD + "inplace_batchnorm_update": _SAME,
    MATCHER + "use_matmul_gather": _SAME,
    PREDICTOR + "dropout_keep_probability": "there is no dropout here",
    PREDICTOR + "conv_hyperparams.activation": _NO_LAYERS,
    PREDICTOR + "conv_hyperparams.batch_norm": _NO_LAYERS,
    EXTRACTOR + "min_depth": "has no effect on a MobileNet of full width",
    EXTRACTOR + "conv_hyperparams.initializer": "new layers begin as Keras has it, Glorot uniform",
    NMS + "score_threshold": "score thresholds are chosen on the validation photos",
    TRAIN + "fine_tune_checkpoint": "stands for the ImageNet weights, which Keras brings",
    TRAIN + "unpad_groundtruth_tensors": _SAME,
    TRAIN + "sync_replicas": _OWN_WAY,
    TRAIN + "replicas_to_aggregate": _OWN_WAY,
    TRAIN + "startup_delay_steps": _OWN_WAY,
    TRAIN + "keep_checkpoint_every_n_hours": _OWN_WAY,
    TRAIN + "batch_queue_capacity": _OWN_WAY,
    TRAIN + "num_batch_queue_threads": _OWN_WAY,
    TRAIN + "prefetch_queue_capacity": _OWN_WAY,
    "train_input_reader": "the photos to train on are chosen for each run",
    "eval_input_reader": "the photos to validate on are chosen for each run",
    "eval_config": "skushare validates with COCO's measures, at the detections of the network",
}
_COSINE_ONLY = "the learning rate is a cosine here; its default is taken"
OTHERWISE = {
    PREDICTOR + "conv_hyperparams.initializer": "the predictor begins at random normal values of 0.01 here",
    OPTIMIZER + "rms_prop_optimizer": "skushare trains with AdamW or momentum; AdamW and its rate are taken",
    OPTIMIZER + "momentum_optimizer.learning_rate": _COSINE_ONLY,
    OPTIMIZER + "adam_optimizer.learning_rate": _COSINE_ONLY,
    STEPS: "skushare has no such augmentation",
    TRAIN + "from_detection_checkpoint": "choose the weights to start from",
    TRAIN + "load_all_detection_checkpoint_vars": "choose the weights to start from",
    TRAIN + "freeze_variables": "name a layer in freeze_before instead",
}
