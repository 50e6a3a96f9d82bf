"""The Object Detection API's format: what is read and written, and that nothing is dropped in silence."""

from dataclasses import fields, replace

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from hypothesis import given, settings
from hypothesis import strategies as st

from skushare.detector.config import AnchorConfig
from skushare.detector.presets import SHELF_DENSE, SSD_MOBILENET_V2_320, ssd_sizes
from skushare.errors import ConfigError
from skushare.training.config import TrainingConfig
from skushare.training.pipeline import UNKNOWN, read_pipeline
from skushare.training.pipeline_fields import CROP_SCALES
from skushare.training.pipeline_writing import write_pipeline

ZOO = replace(SSD_MOBILENET_V2_320, input_size=300, photo_size=300, live_size=300)
REFERENCE = TrainingConfig(
    steps=50000,
    batch_size=512,
    optimizer="momentum",
    learning_rate=0.08,
    warmup_steps=2000,
    warmup_learning_rate=0.013333,
    weight_decay=4e-5,
    clip_norm=0.0,
    ema=0.0,
    min_scale=CROP_SCALES[0],
    max_scale=CROP_SCALES[1],
    photometric=False,
)
TEXT = write_pipeline(ZOO, REFERENCE, "imagenet")

share = st.integers(0, 100).map(lambda v: v / 100)
small = st.integers(1, 9999).map(lambda v: v / 1e4)
DETECTORS = st.builds(
    replace,
    st.just(SSD_MOBILENET_V2_320),
    input_size=st.integers(32, 2000),
    labels=st.integers(1, 5).map(
        lambda n: ("facing",) if n == 1 else tuple(f"class {i + 1}" for i in range(n))
    ),
    kernel=st.integers(1, 7),
    class_bias=st.floats(-10, 10),
    anchors=st.builds(
        lambda scales, ratios, reduced: AnchorConfig(ssd_sizes(*sorted(scales), ratios, reduced), "image"),
        st.tuples(small, small),
        st.lists(st.integers(1, 900).map(lambda v: v / 100), min_size=1, max_size=6).map(tuple),
        st.booleans(),
    ),
    coder=st.tuples(*[st.floats(0.1, 20)] * 4),
    match_iou=share,
    focal_alpha=share,
    focal_gamma=st.floats(0, 5),
    box_weight=st.floats(0, 5),
    max_boxes=st.integers(1, 1000),
    nms_iou=share,
    max_detections=st.integers(1, 1000),
).map(lambda config: replace(config, photo_size=config.input_size, live_size=config.input_size))
TRAININGS = st.builds(
    TrainingConfig,
    steps=st.integers(1001, 10**6),
    batch_size=st.integers(1, 1024),
    optimizer=st.sampled_from(["adamw", "momentum"]),
    learning_rate=small,
    warmup_steps=st.integers(0, 1000),
    warmup_learning_rate=small,
    schedule_steps=st.just(0) | st.integers(1001, 10**6),
    momentum=st.just(0.9),
    weight_decay=small,
    clip_norm=st.floats(0, 100),
    ema=st.just(0.0) | st.floats(0.5, 0.9999),
    min_scale=st.just(1.0),
    max_scale=st.just(1.0),
    photometric=st.booleans(),
).map(
    lambda config: replace(
        config, schedule_steps=config.schedule_steps * (config.schedule_steps > config.steps)
    )
)


@settings(max_examples=40)
@given(DETECTORS, TRAININGS, st.sampled_from(["", "imagenet"]))
def test_what_is_written_is_read_again(detector, training, weights):
    text = write_pipeline(detector, training, weights)
    assert "no place" not in text
    assert read_pipeline(text)[:3] == (detector, training, weights)


def test_a_schedule_as_long_as_the_run_is_the_same_as_none():
    text = write_pipeline(ZOO, replace(REFERENCE, schedule_steps=REFERENCE.steps))
    assert text == write_pipeline(ZOO, REFERENCE)


@settings(max_examples=40)
@given(TRAININGS, st.floats(0.01, 0.99), st.text(), st.text(min_size=1))
def test_settings_without_a_place_are_listed_in_a_comment(training, scale, layer, label):
    training = replace(training, min_scale=scale, freeze_before=layer, seed=7)
    detector = replace(SSD_MOBILENET_V2_320, labels=(label,))
    text = write_pipeline(detector, training)
    again = read_pipeline(text)
    comments = [line for line in text.splitlines() if line.startswith("#   ")]
    for one, other in ((detector, again.detector), (training, again.training)):
        for field in fields(one):
            lost = getattr(one, field.name) != getattr(other, field.name)
            assert any(line.startswith(f"#   {field.name} = ") for line in comments) == lost


def test_the_reference_of_the_model_zoo_is_written_number_by_number():
    """From ``anchors.md`` §F, read off the text by protobuf itself."""
    config = text_format.Parse(TEXT, Config())
    ssd, train = config.model.ssd, config.train_config
    generator = ssd.anchor_generator.ssd_anchor_generator
    assert (generator.num_layers, generator.min_scale, generator.max_scale) == (6, 0.2, 0.95)
    assert list(generator.aspect_ratios) == [1.0, 2.0, 0.5, 3.0, 0.3333]
    assert ssd.image_resizer.fixed_shape_resizer.height == 300
    coder = ssd.box_coder.faster_rcnn_box_coder
    assert (coder.y_scale, coder.x_scale, coder.height_scale, coder.width_scale) == (10, 10, 5, 5)
    matcher = ssd.matcher.argmax_matcher
    assert (matcher.matched_threshold, matcher.unmatched_threshold) == (0.5, 0.5)
    assert matcher.force_match_for_each_row and ssd.encode_background_as_zeros
    predictor = ssd.box_predictor.convolutional_box_predictor
    assert (predictor.kernel_size, predictor.class_prediction_bias_init) == (1, -4.6)
    focal = ssd.loss.classification_loss.weighted_sigmoid_focal
    assert (focal.alpha, focal.gamma) == (0.75, 2.0)
    nms = ssd.post_processing.batch_non_max_suppression
    assert (nms.iou_threshold, nms.max_detections_per_class, nms.max_total_detections) == (0.6, 100, 100)
    momentum = train.optimizer.momentum_optimizer
    cosine = momentum.learning_rate.cosine_decay_learning_rate
    assert (cosine.learning_rate_base, cosine.total_steps) == (0.08, 50000)
    assert (cosine.warmup_learning_rate, cosine.warmup_steps) == (0.013333, 2000)
    assert momentum.momentum_optimizer_value == 0.9 and not train.optimizer.use_moving_average
    assert (train.batch_size, train.num_steps, train.max_number_of_boxes) == (512, 50000, 100)
    assert train.fine_tune_checkpoint_type == "classification"
    steps = [[field.name for field, _ in step.ListFields()] for step in train.data_augmentation_options]
    assert steps == [["random_horizontal_flip"], ["ssd_random_crop"]]


# The types of the fields that are written; "RELU_6" and the like stand for an enum that has this value.
_HYPERPARAMS = {
    "activation": "RELU_6",
    "regularizer": {"l2_regularizer": {"weight": float}},
    "initializer": {
        "random_normal_initializer": {"stddev": float, "mean": float},
        "truncated_normal_initializer": {"stddev": float},
    },
    "batch_norm": {"decay": float, "epsilon": float, "scale": bool, "center": bool, "train": bool},
}
_COSINE = {
    "learning_rate": {
        "cosine_decay_learning_rate": {
            "learning_rate_base": float,
            "total_steps": int,
            "warmup_learning_rate": float,
            "warmup_steps": int,
            "hold_base_rate_steps": int,
        }
    }
}
_READER = {"label_map_path": str, "tf_record_input_reader": {"input_path": [str]}}
_SCHEMA = {
    "model": {
        "ssd": {
            "num_classes": int,
            "freeze_batchnorm": bool,
            "encode_background_as_zeros": bool,
            "negative_class_weight": float,
            "normalize_loss_by_num_matches": bool,
            "normalize_loc_loss_by_codesize": bool,
            "box_coder": {
                "faster_rcnn_box_coder": {f"{n}_scale": float for n in ("y", "x", "height", "width")}
            },
            "matcher": {
                "argmax_matcher": {
                    "matched_threshold": float,
                    "unmatched_threshold": float,
                    "ignore_thresholds": bool,
                    "negatives_lower_than_unmatched": bool,
                    "force_match_for_each_row": bool,
                }
            },
            "similarity_calculator": {"iou_similarity": {}},
            "anchor_generator": {
                "ssd_anchor_generator": {
                    "num_layers": int,
                    "min_scale": float,
                    "max_scale": float,
                    "aspect_ratios": [float],
                    "reduce_boxes_in_lowest_layer": bool,
                }
            },
            "image_resizer": {"fixed_shape_resizer": {"height": int, "width": int}},
            "box_predictor": {
                "convolutional_box_predictor": {
                    "min_depth": int,
                    "max_depth": int,
                    "num_layers_before_predictor": int,
                    "use_dropout": bool,
                    "kernel_size": int,
                    "box_code_size": int,
                    "apply_sigmoid_to_scores": bool,
                    "class_prediction_bias_init": float,
                    "use_depthwise": bool,
                    "conv_hyperparams": _HYPERPARAMS,
                }
            },
            "feature_extractor": {
                "type": str,
                "depth_multiplier": float,
                "pad_to_multiple": int,
                "use_explicit_padding": bool,
                "use_depthwise": bool,
                "override_base_feature_extractor_hyperparams": bool,
                "conv_hyperparams": _HYPERPARAMS,
            },
            "loss": {
                "classification_loss": {"weighted_sigmoid_focal": {"alpha": float, "gamma": float}},
                "localization_loss": {"weighted_smooth_l1": {"delta": float}},
                "classification_weight": float,
                "localization_weight": float,
            },
            "post_processing": {
                "batch_non_max_suppression": {
                    "iou_threshold": float,
                    "max_detections_per_class": int,
                    "max_total_detections": int,
                    "use_class_agnostic_nms": bool,
                },
                "score_converter": "SIGMOID",
            },
        }
    },
    "train_config": {
        "batch_size": int,
        "num_steps": int,
        "gradient_clipping_by_norm": float,
        "max_number_of_boxes": int,
        "fine_tune_checkpoint": str,
        "fine_tune_checkpoint_type": str,
        "fine_tune_checkpoint_version": "V2",
        "data_augmentation_options": [
            {"random_horizontal_flip": {}, "ssd_random_crop": {}, "random_distort_color": {}}
        ],
        "optimizer": {
            "momentum_optimizer": {**_COSINE, "momentum_optimizer_value": float},
            "adam_optimizer": _COSINE,
            "use_moving_average": bool,
            "moving_average_decay": float,
        },
    },
    "train_input_reader": _READER,
    "eval_input_reader": _READER,
    "eval_config": {"metrics_set": [str]},
}


def _message_class(schema):
    """The message of ``schema``, made at run time: nothing of the API's own files is needed."""
    file = descriptor_pb2.FileDescriptorProto(name="test_pipeline.proto", package="t", syntax="proto2")
    kinds = {float: "TYPE_DOUBLE", int: "TYPE_INT32", bool: "TYPE_BOOL", str: "TYPE_STRING"}

    def add(name, content):
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(content.items(), 1):
            inner = kind[0] if isinstance(kind, list) else kind
            made = message.field.add(name=field, number=number, label="LABEL_OPTIONAL")
            if isinstance(kind, list):
                made.label = made.LABEL_REPEATED
            if isinstance(inner, dict):
                made.type, made.type_name = made.TYPE_MESSAGE, f".t.{name}_{field}"
                add(f"{name}_{field}", inner)
            elif isinstance(inner, str):
                made.type, made.type_name = made.TYPE_ENUM, f".t.{name}.{field}_enum"
                message.enum_type.add(name=f"{field}_enum").value.add(name=inner, number=1)
            else:
                made.type = made.Type.Value(kinds[inner])

    add("root", schema)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.root"))


Config = _message_class(_SCHEMA)


@settings(max_examples=40)
@given(DETECTORS, TRAININGS)
def test_protobuf_itself_reads_what_is_written(detector, training):
    config = text_format.Parse(write_pipeline(detector, training, "imagenet"), Config())
    assert config.train_config.num_steps == training.steps


def test_the_reference_is_read_as_its_numbers():
    pipeline = read_pipeline(TEXT)
    assert pipeline[:3] == (ZOO, REFERENCE, "imagenet")
    assert not any(note.differs for note in pipeline.ignored)


@pytest.mark.parametrize("place", ["model {\n  ssd {", "train_config {", "eval_config {", ""])
def test_an_unknown_setting_is_named_with_its_line(place):
    text = TEXT.replace(place, place + "\nwarp_drive { speed: 9 }\n", 1)
    line = text[: text.index("warp_drive")].count("\n") + 1
    ignored = [note for note in read_pipeline(text).ignored if note.line == line or "warp" in note.path]
    assert len(ignored) == 1 and ignored[0].line <= line
    if place != "eval_config {":  # which has no effect as a whole
        assert ignored[0].path.endswith("warp_drive.speed") and ignored[0].reason == UNKNOWN


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("use_dropout: false", "use_dropout: true", "use_dropout", "true cannot be had; it is false here"),
        ("use_dropout: false", "", "use_dropout", "true, the default of the API, cannot be had"),
        ("decay: 0.97", "decay: 0.9", "batch_norm.decay", "0.9 cannot be had; it is 0.97 here"),
        ("activation: RELU_6\n        batch", "activation: RELU\n        batch", "activation", "RELU cannot"),
        ("delta: 1.0", "delta: 0.1", "weighted_smooth_l1.delta", "0.1 cannot be had"),
        ("unmatched_threshold: 0.5", "unmatched_threshold: 0.4", "unmatched_threshold", "0.4 cannot be had"),
        ("random_horizontal_flip", "random_rotation90", "random_rotation90", "no such augmentation"),
        ("random_horizontal_flip", "random_rotation90", "random_horizontal_flip", "in any case"),
        ("alpha: 0.75", "", "alpha", "missing"),
        ('type: "classification"', 'type: "detection"', "fine_tune_checkpoint", "not found here"),
        ("cosine_decay_learning_rate", "manual_step_learning_rate", "momentum_optimizer", "is a cosine here"),
        (
            "momentum_optimizer {",
            "rms_prop_optimizer {",
            "rms_prop_optimizer",
            "AdamW and its rate are taken",
        ),
        ("", "graph_rewriter { quantization { delay: 4 } }\n", "graph_rewriter.quantization.delay", UNKNOWN),
    ],
)
def test_what_cannot_be_had_is_named_with_its_reason(old, new, path, reason):
    assert old in TEXT
    before = set(map(str, read_pipeline(TEXT).ignored))
    notes = [note for note in read_pipeline(TEXT.replace(old, new, 1)).ignored if str(note) not in before]
    assert any(path in note.path and reason in note.reason and note.differs for note in notes), notes


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ssd_anchor_generator {", "grid_anchor_generator {", "ssd_anchor_generator"),
        ("fixed_shape_resizer {", "keep_aspect_ratio_resizer {", "fixed_shape_resizer"),
        ("weighted_sigmoid_focal {", "weighted_softmax {", "weighted_sigmoid_focal"),
        ("ssd_mobilenet_v2_keras", "ssd_resnet50_v1_fpn_keras", "only ssd_mobilenet_v2_keras"),
        ("  ssd {", "  faster_rcnn {", "model.ssd"),
        ("width: 300", "width: 640", "square, got 300 and 640"),
        ("num_classes: 1", "num_classes: 0", "num_classes: from 1"),
        ("num_classes: 1", "num_classes: 1 num_classes: 2", "second time"),
        ("num_classes: 1", "num_classes: 'one'", "a whole number is needed, got one"),
        ("use_dropout: false", "use_dropout: 'false'", "true or false is needed"),
        ("min_scale: 0.2", "min_scale: -0.2", "scales rise"),
        ("aspect_ratios: 3.0", "aspect_ratios: 0", "ratios are above 0"),
        ("aspect_ratios: 3.0", "aspect_ratios: nan", "a number is needed"),
        ("num_steps: 50000", "", "num_steps: without it"),
        ("batch_size: 512", "batch_size: 0", "batch_size: at least 1"),
        ("max_number_of_boxes: 100", "max_number_of_boxes: 1.5", "a whole number"),
        ("total_steps: 50000", "total_steps: 2000", "schedule_steps"),
        ("model {", "model", "line"),
    ],
)
def test_what_cannot_work_is_refused_by_name(old, new, message):
    assert old in TEXT
    with pytest.raises(ConfigError, match=message):
        read_pipeline(TEXT.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", "model {}", "item { id: 1 name: 'sku' }", "{}", "\0"])
def test_other_files_are_refused(text):
    with pytest.raises(ConfigError):
        read_pipeline(text)


def test_several_classes_share_one_cap():
    text = TEXT.replace("num_classes: 1", "num_classes: 90").replace("per_class: 100", "per_class: 50")
    pipeline = read_pipeline(text)
    assert pipeline.detector.max_detections == 100 and len(pipeline.detector.labels) == 90
    assert any("max_detections_per_class: 50 cannot be had" in str(note) for note in pipeline.ignored)


@pytest.mark.parametrize(
    ("classes", "flag", "noted"),
    [
        (6, "true", []),
        (6, "false", ["false cannot be had; it is true here"]),
        (6, None, ["false, the default of the API, cannot be had; it is true here"]),
        (1, "true", []),
        (1, "false", []),
        (1, None, []),
    ],
)
def test_boxes_suppress_those_of_all_classes(classes, flag, noted):
    text = write_pipeline(replace(ZOO, labels=tuple("abcdef"[:classes])), REFERENCE)
    assert ("use_class_agnostic_nms: true" in text) is (classes > 1)
    text = text.replace("use_class_agnostic_nms: true", "")
    if flag:
        text = text.replace("iou_threshold:", f"use_class_agnostic_nms: {flag} iou_threshold:", 1)
    notes = [n for n in read_pipeline(text).ignored if n.path.endswith("use_class_agnostic_nms")]
    assert [note.reason for note in notes] == noted


@pytest.mark.parametrize(
    "detector",
    [
        SHELF_DENSE,
        replace(
            ZOO, anchors=AnchorConfig(ZOO.anchors.sizes[:-1] + (((0.9, 0.7), (0.5, 0.5)),), unit="image")
        ),
    ],
)
def test_another_network_cannot_be_written(detector):
    with pytest.raises(ConfigError, match=r"pipeline\.config"):
        write_pipeline(detector, TrainingConfig())


def test_a_detection_checkpoint_that_is_here_is_what_the_run_starts_from(tmp_path):
    index = tmp_path / "ckpt-0.index"
    index.write_bytes(b"")
    text = write_pipeline(SSD_MOBILENET_V2_320, TrainingConfig(), str(index))
    assert f'fine_tune_checkpoint: "{tmp_path}/ckpt-0"' in text
    pipeline = read_pipeline(text)
    assert pipeline.weights == str(index)
    assert not [setting for setting in pipeline.ignored if "fine_tune" in setting.path]
